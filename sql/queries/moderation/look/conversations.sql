-- One page of the conversations, most recently active first, with the number of all that match.
--   id                      uuid         only this one; null: any
--   organization_id         uuid         null: of every organization
--   is_group                boolean      null: both kinds
--   member_id               uuid         only those in which this user takes part; null: any
--   no_creator              boolean      only groups that nobody manages
--   active_since            timestamptz  null: from the beginning
--   after_last_activity_at  timestamptz  of the last one already shown; null: from the most recently active
--   after_id                uuid         the same
--   count                   bigint       at most so many rows
with matching as not materialized (
  select
    c.id, c.organization_id, c.name, c.is_group, c.created_by, c.created_at, c.updated_at, c.message_count, c.participant_count,
    c.locked_at, c.lock_reason
  from moderation.conversations c
  where (%(id)s::uuid is null or c.id = %(id)s::uuid)
    and (%(organization_id)s::uuid is null or c.organization_id = %(organization_id)s::uuid)
    and (%(is_group)s::boolean is null or c.is_group = %(is_group)s::boolean)
    and (%(member_id)s::uuid is null or exists (
      select from moderation.participants p where p.user_id = %(member_id)s::uuid and p.conversation_id = c.id
    ))
    and (not %(no_creator)s::boolean or c.is_group and not c.has_creator)
    and (%(active_since)s::timestamptz is null or c.updated_at >= %(active_since)s::timestamptz)
),
page as (
  select
    m.id, m.organization_id, m.name, m.is_group, m.created_by, m.created_at, m.updated_at, m.message_count, m.participant_count,
    m.locked_at, m.lock_reason
  from matching m
  where %(after_last_activity_at)s::timestamptz is null
    or (m.updated_at, m.id) < (%(after_last_activity_at)s::timestamptz, %(after_id)s::uuid)
  order by m.updated_at desc, m.id desc
  limit %(count)s::bigint
)
select
  p.id, o.slug as organization, case when p.is_group then 'group' else 'direct' end as kind,
  coalesce(p.name, (
    select string_agg(coalesce(u.full_name, u.email, u.id::text), ', ' order by u.full_name, u.email, u.id)
    from moderation.participants t
    join moderation.users u on u.id = t.user_id
    where t.conversation_id = p.id
  )) as title,
  p.participant_count as participants, p.message_count as messages, p.created_by, p.created_at,
  p.locked_at, p.lock_reason,
  p.updated_at as last_activity_at,
  (select count(*) from matching) as total
from page p
join moderation.organizations o on o.id = p.organization_id
order by p.updated_at desc, p.id desc;
