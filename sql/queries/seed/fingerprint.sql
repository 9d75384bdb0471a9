-- A checksum over the rows of a world, by table: whatever order they lie in, and the same on every PostgreSQL.
-- Expects timezone UTC. Our own tables count whole; of Auth's and Storage's, whose columns differ between versions,
-- what a seed sets and no sign-in changes.
--   organizations  uuid[]
--   users          uuid[]
with
scope as (select c.id from public.conversations c where c.organization_id = any (%(organizations)s::uuid[])),
lines (place, name, line) as (
  select 1, 'auth.users', row(
    u.id, u.email, u.encrypted_password, u.email_confirmed_at, u.created_at, u.raw_app_meta_data,
    u.raw_user_meta_data
  )::text
  from auth.users u
  where u.id = any (%(users)s::uuid[])
  union all
  select 2, 'auth.identities', row(i.provider_id, i.user_id, i.provider, i.identity_data, i.created_at)::text
  from auth.identities i
  where i.user_id = any (%(users)s::uuid[])
  union all
  select 3, 'user_profiles', t::text
  from public.user_profiles t
  where t.id = any (%(users)s::uuid[])
  union all
  select 4, 'organizations', t::text
  from public.organizations t
  where t.id = any (%(organizations)s::uuid[])
  union all
  select 5, 'organization_members', t::text
  from public.organization_members t
  where t.organization_id = any (%(organizations)s::uuid[])
  union all
  select 6, 'conversations', t::text
  from public.conversations t
  where t.organization_id = any (%(organizations)s::uuid[])
  union all
  select 7, 'conversation_participants', t::text
  from public.conversation_participants t
  join scope c on c.id = t.conversation_id
  union all
  select 8, 'direct_conversations', t::text
  from private.direct_conversations t
  where t.organization_id = any (%(organizations)s::uuid[])
  union all
  select 9, 'messages', t::text
  from public.messages t
  where t.organization_id = any (%(organizations)s::uuid[])
  union all
  select 10, 'deleted_messages', t::text
  from private.deleted_messages t
  join scope c on c.id = t.conversation_id
  union all
  select 11, 'deleted_attachments', t::text
  from private.deleted_attachments t
  join scope c on c.id = t.conversation_id
  union all
  select 12, 'read_states', t::text
  from private.read_states t
  join scope c on c.id = t.conversation_id
)
select l.name, count(*) as rows, sum(hashtextextended(l.line, 0)::numeric)::text as checksum
from lines l
group by l.place, l.name
order by l.place;
