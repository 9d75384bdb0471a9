-- One page of the organizations, by slug: how much there is, and how much was sent on each of some days.
--   organization_id  uuid     only this one; null: all
--   first_day        date     in UTC
--   days             integer  how many days from then on
--   senders          bigint   at most so many of those who sent the most on these days
--   after_slug       text     the last one already shown; null: from the beginning
--   count            bigint   at most so many rows
with matching as not materialized (
  select o.id, o.slug, o.name
  from moderation.organizations o
  where %(organization_id)s::uuid is null or o.id = %(organization_id)s::uuid
),
page as (
  select m.id, m.slug, m.name
  from matching m
  where %(after_slug)s::text is null or m.slug > %(after_slug)s::text
  order by m.slug
  limit %(count)s::bigint
),
recent as (
  select c.organization_id, m.sender_id, (m.created_at at time zone 'UTC')::date as day, count(*) as messages
  from page p
  join moderation.conversations c on c.organization_id = p.id
  join moderation.messages m on m.conversation_id = c.id
  where m.created_at >= (%(first_day)s::date)::timestamp at time zone 'UTC'
    and m.created_at < (%(first_day)s::date + %(days)s::integer)::timestamp at time zone 'UTC'
  group by c.organization_id, m.sender_id, day
)
select
  p.id, p.slug, p.name, m.people, c.conversations, c.messages, c.removed - g.purged as deleted, g.purged,
  r.reported, r.open_reports, f.stored_files, f.stored_bytes,
  array(
    select coalesce(sum(r.messages), 0)::bigint
    from generate_series(0, %(days)s::integer - 1) as d (number)
    left join recent r on r.organization_id = p.id and r.day = %(first_day)s::date + d.number
    group by d.number
    order by d.number
  ) as per_day,
  array(
    select jsonb_build_object('id', u.id, 'name', u.full_name, 'email', u.email, 'messages', s.messages)
    from (
      select r.sender_id, sum(r.messages) as messages
      from recent r
      where r.organization_id = p.id and r.sender_id is not null
      group by r.sender_id
      order by messages desc, r.sender_id
      limit %(senders)s::bigint
    ) s
    join moderation.users u on u.id = s.sender_id
    order by s.messages desc, s.sender_id
  ) as top_senders,
  (select count(*) from matching) as total
from page p
cross join lateral (
  select count(*) as people from moderation.members m where m.organization_id = p.id
) m
cross join lateral (
  select
    count(*) as conversations, coalesce(sum(c.message_count), 0)::bigint as messages,
    coalesce(sum(c.last_seq - c.message_count), 0)::bigint as removed
  from moderation.conversations c
  where c.organization_id = p.id
) c
cross join lateral (
  select count(*) as purged
  from moderation.conversations c
  join moderation.purged_messages g on g.conversation_id = c.id
  where c.organization_id = p.id
) g
cross join lateral (
  select
    count(distinct r.message_id) as reported, count(*) filter (where r.status <> 'resolved') as open_reports
  from moderation.conversations c
  join moderation.reports r on r.conversation_id = c.id
  where c.organization_id = p.id
) r
cross join lateral (
  select count(*) as stored_files, coalesce(sum(f.size), 0)::bigint as stored_bytes
  from moderation.stored_files f
  where f.name ~>=~ (p.id::text || '/') and f.name ~<~ (p.id::text || '0') -- 0 comes after /
) f
order by p.slug;
