-- The moderation log. For operators. user_id is whom a pseudonym stands for, until the user is erased.
create or replace view moderation.log as
select
  l.id, l.at, l.actor, l.database_role, l.action, l.organization_id, l.target_type, l.target_id,
  (
    select p.user_id
    from unnest(l.targets) as t (target)
    join private.log_pseudonyms p on p.pseudonym = case
      when t.target ~ '^user:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(t.target, 6)::uuid
    end
    order by p.user_id
    limit 1
  ) as user_id,
  l.reason, l.ticket, l.details, l.targets, l.job_id, l.client,
  encode(l.previous_hash, 'hex') as previous_hash, encode(l.hash, 'hex') as hash,
  encode(moderation.log_entry_hash(l), 'hex') as expected_hash
from private.moderation_log l;

revoke all on moderation.log from public, anon, authenticated, service_role;

-- What the log's last row should be.
create or replace view moderation.log_head as
select h.log_id as id, encode(h.hash, 'hex') as hash
from private.moderation_log_head h;

revoke all on moderation.log_head from public, anon, authenticated, service_role;
