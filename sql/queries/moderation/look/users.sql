-- One page of the users, newest first, with the number of all that match.
--   organization_id   uuid         only its members; null: everybody
--   suspended         boolean      only those who are suspended now
--   after_created_at  timestamptz  of the last one already shown; null: from the newest
--   after_id          uuid         the same
--   count             bigint       at most so many rows
with matching as not materialized (
  select u.id, u.created_at
  from moderation.users u
  where (not %(suspended)s::boolean or u.is_suspended)
    and (%(organization_id)s::uuid is null or exists (
      select from moderation.members m where m.organization_id = %(organization_id)s::uuid and m.user_id = u.id
    ))
),
page as (
  select m.id, m.created_at
  from matching m
  where %(after_created_at)s::timestamptz is null
    or (m.created_at, m.id) < (%(after_created_at)s::timestamptz, %(after_id)s::uuid)
  order by m.created_at desc, m.id desc
  limit %(count)s::bigint
)
select
  u.id, u.full_name as name, u.email,
  array(
    select o.slug
    from moderation.members m
    join moderation.organizations o on o.id = m.organization_id
    where m.user_id = u.id
    order by m.joined_at, o.slug
  ) as organizations,
  u.is_suspended as suspended, u.suspended_until, u.created_at,
  (select count(*) from matching) as total
from page p
join moderation.users u on u.id = p.id
order by p.created_at desc, p.id desc;
