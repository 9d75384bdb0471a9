-- The items of a job in their order, with what became of them; pending ones have no status.
--   job_id  uuid
select i.message_id::text as id, coalesce(i.status, 'pending') as status, i.problem
from moderation.job_items i
where i.job_id = %(job_id)s::uuid
order by i.place;
