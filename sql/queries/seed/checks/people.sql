-- Users where they do not belong: participants outside the organization, and authors, reactors and founders who are
-- not participants. Users may leave, so conversations that changed since the seed are ignored.
--   organizations  uuid[]
--   users          uuid[]
--   since          timestamptz  first change by users; null if there is none
with
scope as (select c.* from public.conversations c where c.organization_id = any (%(organizations)s::uuid[])),
placed (conversation_id, user_id, detail) as (
  select c.id, c.created_by::text, 'created the conversation but is not a participant'
  from scope c
  where c.created_by is not null
  union
  select m.conversation_id, m.sender_id::text, 'wrote messages but is not a participant'
  from public.messages m
  where m.organization_id = any (%(organizations)s::uuid[]) and m.sender_id is not null
  union
  select m.conversation_id, r.user_id #>> '{}', 'reacted but is not a participant'
  from public.messages m
  cross join lateral jsonb_path_query(m.reactions, '$[*].userId') as r (user_id)
  where m.organization_id = any (%(organizations)s::uuid[]) and m.reactions <> '[]'
)
select format('user %%s in conversation %%s', l.user_id, l.conversation_id) as object, l.detail
from placed l
join scope c on c.id = l.conversation_id
where (c.updated_at > %(since)s::timestamptz) is not true and not exists (
  select from public.conversation_participants p
  where p.conversation_id = l.conversation_id and p.user_id::text = l.user_id
)
union all
select
  format('user %%s in conversation %%s', p.user_id, p.conversation_id), 'is a participant but not a member of the organization'
from scope c
join public.conversation_participants p on p.conversation_id = c.id
where not exists (
  select from public.organization_members o
  where o.organization_id = c.organization_id and o.user_id = p.user_id
)
order by object, detail;
