-- Conversations of an invalid size: groups have 3 to 50 participants, direct ones the two of their key. Users may leave
-- a group that changed since the seed.
--   organizations  uuid[]
--   users          uuid[]
--   since          timestamptz  first change by users; null if there is none
select format('conversation %%s', c.id) as object, w.detail
from public.conversations c
cross join lateral (
  select count(*) as participants, array_agg(p.user_id order by p.user_id) as people
  from public.conversation_participants p
  where p.conversation_id = c.id
) as p
left join private.direct_conversations d on d.conversation_id = c.id
cross join lateral (
  values
    (
      c.is_group and (p.participants > 50 or (p.participants < 3 and (c.updated_at > %(since)s::timestamptz) is not true)),
      format('a group of %%s participants', p.participants)
    ),
    (not c.is_group and p.participants <> 2, format('a direct conversation of %%s participants', p.participants)),
    (
      not c.is_group and (d.organization_id, array[d.user_a, d.user_b]) is distinct from (c.organization_id, p.people),
      'its key in direct_conversations does not match its participants'
    ),
    (c.is_group and d.conversation_id is not null, 'a group has a key in direct_conversations')
) as w (wrong, detail)
where c.organization_id = any (%(organizations)s::uuid[]) and w.wrong
order by c.id, w.detail;
