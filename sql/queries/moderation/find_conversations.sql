-- The conversations that a text may mean: one by id, else the groups of an organization whose name it is, or begins with it.
--   text             text
--   id               uuid    the text as an id; null: it is none
--   organization_id  uuid    null: by id only
--   count            bigint  at most so many
with matches as (
  select c.id, c.name, c.updated_at, c.id = %(id)s::uuid as exact, lower(c.name) = lower(%(text)s::text) as same_name
  from moderation.conversations c
  where c.id = %(id)s::uuid
    or c.organization_id = %(organization_id)s::uuid and starts_with(lower(c.name), lower(%(text)s::text))
)
select m.id, coalesce(m.name, 'direct conversation') as name
from matches m
where m.exact
  or not exists (select from matches e where e.exact) and (m.same_name or not exists (select from matches e where e.same_name))
order by m.name, m.updated_at desc, m.id
limit %(count)s::bigint;
