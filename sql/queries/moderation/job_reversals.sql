-- How many messages that a job deleted were restored since, or that it restored were deleted since.
--   job_id  uuid
select count(*)
from moderation.job_items i
join moderation.jobs j on j.id = i.job_id
join moderation.messages m on m.id = i.message_id
where i.job_id = %(job_id)s::uuid and i.status = 'done' and j.verb in ('delete', 'restore')
  and (m.state = 'sent') = (j.verb = 'delete');
