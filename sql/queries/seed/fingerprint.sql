-- A checksum of the rows of a world, by table, independent of their order and of the PostgreSQL version (the hash
-- functions for partitioning are stable). All columns of our tables count; of Auth's tables, which differ between
-- versions, only those that identify a user and that no sign-in changes.
--   organizations  uuid[]
--   users          uuid[]
with
scope as (select c.id from public.conversations c where c.organization_id = any (%(organizations)s::uuid[])),
lines (place, name, checksum) as (
  select 1, 'auth.users', hash_record_extended(
    row(
      u.id, u.email, u.encrypted_password, u.email_confirmed_at is not null, u.aud, u.role, u.raw_app_meta_data,
      u.raw_user_meta_data
    ), 0
  )
  from auth.users u
  where u.id = any (%(users)s::uuid[])
  union all
  select 2, 'auth.identities', hash_record_extended(row(i.provider_id, i.user_id, i.provider, i.identity_data), 0)
  from auth.identities i
  where i.user_id = any (%(users)s::uuid[])
  union all
  select 3, 'user_profiles', hash_record_extended(t, 0)
  from public.user_profiles t
  where t.id = any (%(users)s::uuid[])
  union all
  select 4, 'organizations', hash_record_extended(t, 0)
  from public.organizations t
  where t.id = any (%(organizations)s::uuid[])
  union all
  select 5, 'organization_members', hash_record_extended(t, 0)
  from public.organization_members t
  where t.organization_id = any (%(organizations)s::uuid[])
  union all
  select 6, 'conversations', hash_record_extended(t, 0)
  from public.conversations t
  where t.organization_id = any (%(organizations)s::uuid[])
  union all
  select 7, 'conversation_participants', hash_record_extended(t, 0)
  from public.conversation_participants t
  join scope c on c.id = t.conversation_id
  union all
  select 8, 'direct_conversations', hash_record_extended(t, 0)
  from private.direct_conversations t
  where t.organization_id = any (%(organizations)s::uuid[])
  union all
  select 9, 'messages', hash_record_extended(t, 0)
  from public.messages t
  where t.organization_id = any (%(organizations)s::uuid[])
  union all
  select 10, 'deleted_messages', hash_record_extended(t, 0)
  from private.deleted_messages t
  join scope c on c.id = t.conversation_id
  union all
  select 11, 'deleted_attachments', hash_record_extended(t, 0)
  from private.deleted_attachments t
  join scope c on c.id = t.conversation_id
  union all
  select 12, 'read_states', hash_record_extended(t, 0)
  from private.read_states t
  join scope c on c.id = t.conversation_id
)
select l.name, count(*) as rows, sum(l.checksum)::text as checksum
from lines l
group by l.place, l.name
order by l.place;
