-- Rows that refer to missing rows: with triggers off, foreign keys are not checked.
--   organizations  uuid[]
--   users          uuid[]
with
scope as (select c.* from public.conversations c where c.organization_id = any (%(organizations)s::uuid[])),
broken as (
  select 'auth.identities.user_id' as reference
  from auth.identities t
  where t.user_id = any (%(users)s::uuid[]) and not exists (select from auth.users u where u.id = t.user_id)
  union all
  select 'user_profiles.id'
  from public.user_profiles t
  where t.id = any (%(users)s::uuid[]) and not exists (select from auth.users u where u.id = t.id)
  union all
  select 'organization_members.organization_id'
  from public.organization_members t
  where t.organization_id = any (%(organizations)s::uuid[])
    and not exists (select from public.organizations o where o.id = t.organization_id)
  union all
  select 'organization_members.user_id'
  from public.organization_members t
  where t.organization_id = any (%(organizations)s::uuid[])
    and not exists (select from public.user_profiles u where u.id = t.user_id)
  union all
  select 'conversations.organization_id'
  from scope t
  where not exists (select from public.organizations o where o.id = t.organization_id)
  union all
  select 'conversations.created_by'
  from scope t
  where t.created_by is not null and not exists (select from public.user_profiles u where u.id = t.created_by)
  union all
  -- If its conversation is missing, a row is found through its user.
  select 'conversation_participants.conversation_id'
  from public.conversation_participants t
  where t.user_id = any (%(users)s::uuid[])
    and not exists (select from public.conversations c where c.id = t.conversation_id)
  union all
  select 'conversation_participants.user_id'
  from scope c
  join public.conversation_participants t on t.conversation_id = c.id
  where not exists (select from public.user_profiles u where u.id = t.user_id)
  union all
  select 'messages.conversation_id, organization_id'
  from public.messages t
  where t.organization_id = any (%(organizations)s::uuid[])
    and not exists (select from scope c where c.id = t.conversation_id and c.organization_id = t.organization_id)
  union all
  -- If its organization is missing, it is found through its conversation.
  select 'messages.conversation_id, organization_id'
  from scope c
  join public.messages t on t.conversation_id = c.id
  where t.organization_id <> all (%(organizations)s::uuid[])
  union all
  select 'messages.sender_id'
  from public.messages t
  where t.organization_id = any (%(organizations)s::uuid[])
    and t.sender_id is not null
    and not exists (select from public.user_profiles u where u.id = t.sender_id)
  union all
  select 'deleted_messages.message_id'
  from private.deleted_messages t
  where t.sender_id = any (%(users)s::uuid[])
    and not exists (
      select from public.messages m
      where m.id = t.message_id and m.conversation_id = t.conversation_id and m.deleted_at is not null
    )
  union all
  select 'deleted_attachments.message_id'
  from scope c
  join private.deleted_attachments t on t.conversation_id = c.id
  where not exists (select from private.deleted_messages d where d.message_id = t.message_id)
  union all
  select 'direct_conversations.user_a, user_b'
  from private.direct_conversations t
  where t.organization_id = any (%(organizations)s::uuid[])
    and (
      not exists (select from public.user_profiles u where u.id = t.user_a)
      or not exists (select from public.user_profiles u where u.id = t.user_b)
    )
  union all
  select 'direct_conversations.conversation_id'
  from private.direct_conversations t
  where t.organization_id = any (%(organizations)s::uuid[])
    and not exists (select from scope c where c.id = t.conversation_id)
  union all
  select 'read_states.conversation_id, user_id'
  from scope c
  join private.read_states t on t.conversation_id = c.id
  where not exists (
    select from public.conversation_participants p
    where p.conversation_id = t.conversation_id and p.user_id = t.user_id
  )
)
select b.reference as object, format('%%s rows refer to nothing', count(*)) as detail
from broken b
group by b.reference
order by b.reference;
