-- The users of a world, each with the reason to keep it; null: remove it.
--   users              uuid[]
--   organizations      uuid[]       those of the world to remove
--   all_organizations  uuid[]       all of the world
--   conversations      uuid[]       those of the world to remove
--   kept               uuid[]       those of the world to keep
--   since              timestamptz  start of the seed
with
held as (
  select distinct on (t.user_id) t.user_id, t.name, t.released
  from (
    select h.user_id, h.name, h.released_at is not null
    from private.holds h
    where h.user_id is not null
    union all
    select m.user_id, h.name, false
    from private.holds h
    join public.organization_members m on m.organization_id = h.organization_id
    where h.released_at is null
  ) as t (user_id, name, released)
  order by t.user_id, t.released, t.name
),
reacted as (
  select r.user_id #>> '{}' as user_id, count(*) as messages
  from public.messages m
  cross join lateral jsonb_path_query(m.reactions, '$[*].userId') as r (user_id)
  where m.conversation_id = any (%(kept)s::uuid[]) and m.reactions <> '[]'
  group by r.user_id
)
select
  u.id, u.email,
  case
    when h.released then format('was under hold %%s', h.name)
    when h.name is not null then format('under hold %%s', h.name)
    when s.user_id is not null then 'suspended'
    when exists (select from private.mutes m where m.user_id = u.id) then 'muted'
    when w.takes_part > 0 then format('takes part in conversations that stay: %%s', w.takes_part)
    when w.wrote > 0 then format('wrote messages that stay: %%s', w.wrote)
    when r.messages > 0 then format('reacted to messages that stay: %%s', r.messages)
    when w.made > 0 then format('made conversations that stay: %%s', w.made)
    when w.owns > 0 then format('owns organizations that stay: %%s', w.owns)
    when w.joined > 0 then format('organizations joined since: %%s', w.joined)
    when p.updated_at > %(since)s::timestamptz then 'profile changed since'
  end as reason
from auth.users u
left join public.user_profiles p on p.id = u.id
left join private.suspensions s on s.user_id = u.id
left join held h on h.user_id = u.id
left join reacted r on r.user_id = u.id::text
cross join lateral (
  select
    (
      select count(*) from public.conversation_participants p
      where p.user_id = u.id and p.conversation_id <> all (%(conversations)s::uuid[])
    ) as takes_part,
    (
      select count(*) from public.messages m
      where m.sender_id = u.id and m.conversation_id <> all (%(conversations)s::uuid[])
    ) as wrote,
    (
      select count(*) from public.conversations c
      where c.created_by = u.id and c.id <> all (%(conversations)s::uuid[])
    ) as made,
    (
      select count(*) from public.organization_members m
      where m.user_id = u.id and m.role = 'owner' and m.organization_id <> all (%(organizations)s::uuid[])
    ) as owns,
    (
      -- An organization that is not of the world was joined since, whatever the row says.
      select count(*) from public.organization_members m
      where m.user_id = u.id and m.organization_id <> all (%(organizations)s::uuid[])
        and (m.joined_at > %(since)s::timestamptz or m.organization_id <> all (%(all_organizations)s::uuid[]))
    ) as joined
) as w
where u.id = any (%(users)s::uuid[])
order by u.id;
