-- The actions of a job that changed messages, in the order of the log.
--   job_id  uuid
select distinct i.action_id
from moderation.job_items i
where i.job_id = %(job_id)s::uuid and i.action_id is not null
order by i.action_id;
