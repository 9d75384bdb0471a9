-- End a job; returns the action's id, null if nothing was pending, and how many items were canceled.
--   job_id  uuid
--   actor   text
--   reason  text
--   ticket  text  null: none
select c.action_id, c.canceled
from moderation.cancel_job(%(job_id)s::uuid, %(actor)s::text, %(reason)s::text, %(ticket)s::text) as c;
