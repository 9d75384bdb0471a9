-- One row of the moderation log.
--   id  bigint
select
  l.id, l.at, l.actor, l.database_role, l.action, l.target_type, l.target_id, l.user_id, l.reason, l.ticket,
  l.client, l.organization_id, l.job_id, l.details, l.targets, l.previous_hash, l.hash
from moderation.log l
where l.id = %(id)s::bigint;
