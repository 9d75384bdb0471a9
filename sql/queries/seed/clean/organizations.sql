-- The organizations of a world, each with the reason to keep it; null: remove it.
--   organizations       uuid[]
--   users               uuid[]       all of the world
--   conversations       uuid[]       those of the world to keep
--   all_conversations   uuid[]       all of the world
--   since               timestamptz  start of the seed
select
  o.id, o.slug,
  case
    when h.released_at is not null then format('was under hold %%s', h.name)
    when h.name is not null then format('under hold %%s', h.name)
    when w.kept > 0 then format('conversations that stay: %%s', w.kept)
    when w.made > 0 then format('conversations started since: %%s', w.made)
    when w.joined > 0 then format('people who joined since: %%s', w.joined)
  end as reason
from public.organizations o
left join lateral (
  select h.name, h.released_at
  from private.holds h
  where h.organization_id = o.id
  order by h.released_at nulls first, h.name
  limit 1
) as h on true
cross join lateral (
  select
    (
      select count(*) from public.conversations c
      where c.organization_id = o.id and c.id = any (%(conversations)s::uuid[])
    ) as kept,
    (
      select count(*) from public.conversations c
      where c.organization_id = o.id and c.id <> all (%(all_conversations)s::uuid[])
    ) as made,
    (
      -- Members from outside the world joined after the seed, whatever joined_at is.
      select count(*) from public.organization_members m
      where m.organization_id = o.id
        and (m.joined_at > %(since)s::timestamptz or m.user_id <> all (%(users)s::uuid[]))
    ) as joined
) as w
where o.id = any (%(organizations)s::uuid[])
order by o.id;
