-- The moderation log, oldest first, with the chain of its hashes.
select
  l.id, l.at, l.actor, l.database_role, l.action, l.target_type, l.target_id, l.targets, l.reason, l.ticket,
  l.client, l.organization_id, l.job_id, l.details, l.previous_hash, l.hash
from moderation.log l
order by l.id;
