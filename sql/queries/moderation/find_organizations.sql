-- The organizations that a text may mean: one by id or slug, else those whose slug or name begins with it.
--   text   text
--   id     uuid    the text as an id; null: it is none
--   count  bigint  at most so many
with matches as (
  select o.id, o.slug, o.slug = lower(%(text)s::text) or o.id is not distinct from %(id)s::uuid as exact
  from moderation.organizations o
  where o.id = %(id)s::uuid
    or o.slug = lower(%(text)s::text)
    or %(id)s::uuid is null
      and (starts_with(o.slug, lower(%(text)s::text)) or starts_with(lower(o.name), lower(%(text)s::text)))
)
select m.id, m.slug as name
from matches m
where m.exact or not exists (select from matches e where e.exact)
order by m.slug
limit %(count)s::bigint;
