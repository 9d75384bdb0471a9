-- The users that a text may mean: one by id or email, else those whose name or email begins with it.
--   text   text
--   id     uuid    the text as an id, which then is all that is looked for; null: it is none
--   count  bigint  at most so many
with matches as (
  select u.id, u.email, u.full_name, u.id = %(id)s::uuid or lower(u.email) = lower(%(text)s::text) as exact
  from moderation.users u
  where u.id = %(id)s::uuid
    or %(id)s::uuid is null
      and (starts_with(lower(u.email), lower(%(text)s::text)) or starts_with(lower(u.full_name), lower(%(text)s::text)))
)
select m.id, coalesce(m.full_name, '') || ' <' || coalesce(m.email, m.id::text) || '>' as name
from matches m
where m.exact or not exists (select from matches e where e.exact)
order by m.full_name, m.email, m.id
limit %(count)s::bigint;
