-- The key of each direct conversation: its pair, the smaller id first.
--   conversations  uuid[]
insert into private.direct_conversations (organization_id, user_a, user_b, conversation_id)
select
  c.organization_id,
  (array_agg(p.user_id order by p.user_id))[1],
  (array_agg(p.user_id order by p.user_id))[2],
  c.id
from public.conversations c
join public.conversation_participants p on p.conversation_id = c.id
where c.id = any (%(conversations)s::uuid[]) and not c.is_group
group by c.organization_id, c.id
order by c.id;
