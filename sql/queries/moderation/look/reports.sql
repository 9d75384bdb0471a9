-- One page of the reports, with the number of all that match.
--   statuses          text[]
--   organization_id   uuid         null: any
--   sender_id         uuid         null: anybody's messages
--   newest_first      boolean
--   after_created_at  timestamptz  of the last one already shown; null: from the beginning
--   after_id          uuid         the same
--   count             bigint       at most so many rows
with matching as not materialized (
  select r.id, r.created_at
  from moderation.reports r
  where r.status = any (%(statuses)s::text[])
    and (%(organization_id)s::uuid is null or r.organization_id = %(organization_id)s::uuid)
    and (%(sender_id)s::uuid is null or r.sender_id = %(sender_id)s::uuid)
),
page as (
  select m.id, m.created_at
  from matching m
  where %(after_created_at)s::timestamptz is null
    or case
      when %(newest_first)s::boolean
        then (m.created_at, m.id) < (%(after_created_at)s::timestamptz, %(after_id)s::uuid)
      else (m.created_at, m.id) > (%(after_created_at)s::timestamptz, %(after_id)s::uuid)
    end
  order by
    case when %(newest_first)s::boolean then m.created_at end desc, case when %(newest_first)s::boolean then m.id end desc,
    m.created_at, m.id
  limit %(count)s::bigint
)
select
  r.id, r.created_at, r.status, r.kind, o.slug as organization,
  coalesce(sender.full_name, sender.email, r.sender_id::text) as sender,
  coalesce(reporter.full_name, reporter.email, r.reporter_id::text) as reporter,
  r.message_id, r.message_state,
  (select count(*) from moderation.reports other where other.message_id = r.message_id) as reports,
  r.claimed_by, r.verdict, r.resolved_by,
  (select count(*) from matching) as total
from page p
join moderation.reports r on r.id = p.id
left join moderation.organizations o on o.id = r.organization_id
left join moderation.users sender on sender.id = r.sender_id
left join moderation.users reporter on reporter.id = r.reporter_id
order by
  case when %(newest_first)s::boolean then r.created_at end desc, case when %(newest_first)s::boolean then r.id end desc,
  r.created_at, r.id;
