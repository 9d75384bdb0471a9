-- The conversations of a world, each with the reason to keep it; null: remove it. Seeded rows are older than the run
-- of the seed, and their seq is at most that in the ledger.
--   world          text
--   seed           bigint
--   organizations  uuid[]
--   since          timestamptz  start of the seed
with
made as (
  select l.id, l.messages
  from private.seed_chunks k
  cross join unnest(k.conversation_ids, k.message_counts) as l (id, messages)
  where k.world = %(world)s::text and k.seed = %(seed)s::bigint
  union all
  -- An older chatctl kept no ledger: its conversations and messages are those that are older than the run.
  select c.id, coalesce((
    select max(m.seq) from public.messages m
    where m.conversation_id = c.id and m.created_at <= %(since)s::timestamptz
  ), 0)
  from private.seed_runs r
  join public.conversations c on c.organization_id = any (%(organizations)s::uuid[])
  where r.world = %(world)s::text and r.seed = %(seed)s::bigint and r.spec_sha256 is null
    and c.created_at <= %(since)s::timestamptz
    and not exists (select from private.seed_chunks k where k.world = r.world and k.seed = r.seed)
),
-- A hold keeps everything under it; a released hold keeps the rows that its record refers to.
held as (
  select distinct on (t.conversation_id) t.conversation_id, t.name, t.released
  from (
    select h.conversation_id, h.name, h.released_at is not null
    from private.holds h
    where h.conversation_id is not null
    union all
    select c.id, h.name, false
    from private.holds h
    join public.conversations c on c.organization_id = h.organization_id
    where h.released_at is null
    union all
    select p.conversation_id, h.name, false
    from private.holds h
    join public.conversation_participants p on p.user_id = h.user_id
    where h.released_at is null
    union all
    select m.conversation_id, h.name, false
    from private.holds h
    join public.messages m on m.sender_id = h.user_id
    where h.released_at is null
  ) as t (conversation_id, name, released)
  order by t.conversation_id, t.released, t.name
),
attached as (
  select a.url #>> '{}' as name
  from made d
  join public.messages m on m.conversation_id = d.id
  cross join lateral jsonb_path_query(m.attachments, '$[*].url') as a (url)
  where m.attachments is not null
  union all
  select a.url #>> '{}'
  from made d
  join private.deleted_messages g on g.conversation_id = d.id
  cross join lateral jsonb_path_query(g.attachments, '$[*].url') as a (url)
  where g.attachments is not null
),
-- Joined by a part of the name, so that the bucket is scanned once, not for every conversation.
uploaded as (
  select c.id, count(*) as files
  from made d
  join public.conversations c on c.id = d.id
  join storage.objects o on split_part(o.name, '/', 3) = c.id::text
  where o.bucket_id = 'attachments'
    and o.created_at > %(since)s::timestamptz
    and starts_with(o.name, format('%%s/chat/%%s/', c.organization_id, c.id))
    and not exists (select from attached a where a.name = o.name)
  group by c.id
)
select
  c.id, c.organization_id, c.name, d.messages,
  case
    when h.released then format('was under hold %%s', h.name)
    when h.name is not null then format('under hold %%s', h.name)
    when w.written > 0 then format('messages written since: %%s', w.written)
    when w.changed > 0 then format('messages changed since: %%s', w.changed)
    when w.joined > 0 then format('people who joined since: %%s', w.joined)
    when w.reported > 0 then format('messages reported since: %%s', w.reported)
    when u.files > 0 then format('files uploaded since: %%s', u.files)
    when c.updated_at > %(since)s::timestamptz then 'changed since'
  end as reason
from made d
join public.conversations c on c.id = d.id
left join held h on h.conversation_id = c.id
left join uploaded u on u.id = c.id
cross join lateral (
  select
    (select count(*) from public.messages m where m.conversation_id = c.id and m.seq > d.messages) as written,
    (
      select count(*) from public.messages m
      where m.conversation_id = c.id and m.updated_at > %(since)s::timestamptz
    ) as changed,
    (
      select count(*) from public.conversation_participants p
      where p.conversation_id = c.id and p.joined_at > %(since)s::timestamptz
    ) as joined,
    (select count(*) from public.message_reports r where r.conversation_id = c.id) as reported
) as w
order by c.id;
