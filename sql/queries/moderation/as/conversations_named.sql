-- The conversations that a text may mean, among those that the user that the transaction acts as can read: one by id,
-- else groups by their name or its beginning.
--   text   text
--   id     uuid    the text as an id, which then is all that is looked for; null: it is none
--   count  bigint  at most so many
with matches as (
  select c.id, c.name, c.id = %(id)s::uuid or lower(c.name) = lower(%(text)s::text) as exact
  from public.conversations c
  where c.id = %(id)s::uuid or %(id)s::uuid is null and starts_with(lower(c.name), lower(%(text)s::text))
)
select m.id, coalesce(m.name, 'direct conversation') as name
from matches m
where m.exact or not exists (select from matches e where e.exact)
order by m.name, m.id
limit %(count)s::bigint;
