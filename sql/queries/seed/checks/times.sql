-- Impossible times: messages older than their conversation or out of order, users who join before it exists.
--   organizations  uuid[]
--   users          uuid[]
with
ordered as (
  select
    m.id, m.conversation_id, m.seq, m.created_at, m.updated_at, m.deleted_at,
    lag(m.created_at) over (partition by m.conversation_id order by m.seq) as before
  from public.messages m
  where m.organization_id = any (%(organizations)s::uuid[])
),
wrong (object, detail) as (
  select format('message %%s', m.id), w.detail
  from ordered m
  join public.conversations c on c.id = m.conversation_id
  cross join lateral (
    select case
      when m.created_at > clock_timestamp() then 'sent in the future'
      when m.created_at < c.created_at then 'older than its conversation'
      when m.created_at < m.before then 'older than the message before it'
      when m.updated_at < m.created_at or m.deleted_at < m.created_at then 'changed before it was sent'
    end as detail
  ) as w
  where w.detail is not null
  union all
  select format('participant %%s of conversation %%s', p.user_id, p.conversation_id), 'joined before the conversation was created'
  from public.conversations c
  join public.conversation_participants p on p.conversation_id = c.id
  where c.organization_id = any (%(organizations)s::uuid[]) and p.joined_at < c.created_at
  union all
  select format('member %%s of organization %%s', m.user_id, o.id), 'joined before the organization was created'
  from public.organizations o
  join public.organization_members m on m.organization_id = o.id
  where o.id = any (%(organizations)s::uuid[]) and m.joined_at < o.created_at
)
select w.object, w.detail
from wrong w
order by w.object, w.detail;
