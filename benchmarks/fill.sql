-- The rows for the benchmarks: inserted in bulk without triggers; then the columns that triggers maintain are updated.
--   persons        1 has 5,000 unread messages in each of the long conversations, 2 has 10
--                  3 has 10 in each of the short ones
--                  1000 to 5799 are senders, 48 in each long conversation
--   conversations  0 to 99 have 10,000 messages each, sent in turns; 100 to 199 have 100 messages each
--                  200 is empty; all senders participate, more than a group allows, as each may send 10 a minute
create schema bench;
grant usage on schema bench to authenticated;

-- Ids that a pgbench script can also build: a kind (1 organization, 2 person, 3 conversation) and a number.
create function bench.id(kind integer, number bigint) returns uuid
language sql immutable parallel safe
return (format('00000000-0000-4000-800%s-', kind) || (100000000000 + number))::uuid;

create sequence bench.seq start 1000000000 cache 1000;

set session_replication_role = replica;

insert into public.organizations (id, name, slug) values (bench.id(1, 1), 'Bench', 'bench');

create temporary table persons as
select p.number::bigint from (values (1), (2), (3)) as p (number)
union all
select s.number from generate_series(1000, 5799) as s (number);

insert into public.user_profiles (id, email, full_name)
select bench.id(2, p.number), format('person%s@bench.test', p.number), format('Person %s', p.number)
from persons p;

insert into public.organization_members (organization_id, user_id)
select bench.id(1, 1), bench.id(2, p.number) from persons p;

insert into public.conversations (id, organization_id, name, is_group, created_by)
select bench.id(3, c.number), bench.id(1, 1), format('Conversation %s', c.number), true, bench.id(2, 1)
from generate_series(0, 200) as c (number);

create temporary table participants as
select c.number as conversation, p.number as person
from generate_series(0, 99) as c (number)
cross join lateral (
  select 1 as number union all select 2
  union all select 1000 + c.number + 100 * k.number from generate_series(0, 47) as k (number)
) as p
union all
select c.number, p.number
from generate_series(100, 199) as c (number)
cross join lateral (values (3), (900 + c.number), (1000 + c.number)) as p (number)
union all
select 200, s.number from generate_series(1000, 5799) as s (number);

insert into public.conversation_participants (conversation_id, user_id)
select bench.id(3, p.conversation), bench.id(2, p.person) from participants p;

insert into public.messages (organization_id, conversation_id, sender_id, content, created_at, updated_at, seq)
select
  bench.id(1, 1), bench.id(3, c.number), bench.id(2, 1000 + c.number + 100 * (m.number % 48)),
  format('Message %s: shall we look at the figures of conversation %s tomorrow?', m.number, c.number),
  at.moment, at.moment, m.number
from generate_series(1, 10000) as m (number)
cross join generate_series(0, 99) as c (number)
cross join lateral (
  select timestamptz '2026-01-01' + m.number * interval '1 minute' + c.number * interval '100 ms' as moment
) as at;

insert into public.messages (organization_id, conversation_id, sender_id, content, created_at, updated_at, seq)
select
  bench.id(1, 1), bench.id(3, c.number), bench.id(2, 900 + c.number),
  format('Message %s: shall we look at the figures of conversation %s tomorrow?', m.number, c.number),
  at.moment, at.moment, m.number
from generate_series(1, 100) as m (number)
cross join generate_series(100, 199) as c (number)
cross join lateral (
  select timestamptz '2026-01-01' + m.number * interval '1 minute' + c.number * interval '100 ms' as moment
) as at;

update public.conversations c
set last_seq = m.count, last_message_seq = m.count, message_count = m.count, updated_at = m.latest,
    participant_count = p.count
from (
  select m.conversation_id, count(*) as count, max(m.created_at) as latest
  from public.messages m group by m.conversation_id
) as m
join (
  select p.conversation_id, count(*) as count from public.conversation_participants p group by p.conversation_id
) as p on p.conversation_id = m.conversation_id
where c.id = m.conversation_id;

insert into private.read_states (conversation_id, user_id, last_read_seq, seen_count)
select
  bench.id(3, p.conversation), bench.id(2, p.person), r.seq,
  case when r.seq > 0 then r.seq else coalesce(own.count, 0) end
from participants p
cross join lateral (
  select case p.person when 1 then 5000 when 2 then 9990 when 3 then 90 else 0 end as seq
) as r
left join (
  select m.conversation_id, m.sender_id, count(*) as count
  from public.messages m group by m.conversation_id, m.sender_id
) as own on own.conversation_id = bench.id(3, p.conversation) and own.sender_id = bench.id(2, p.person);

update public.conversation_participants cp
set last_read_at = m.created_at
from private.read_states r
join public.messages m on m.conversation_id = r.conversation_id and m.seq = r.last_read_seq
where r.conversation_id = cp.conversation_id and r.user_id = cp.user_id;

insert into private.send_windows (user_id)
select bench.id(2, p.number) from persons p where p.number >= 1000;

reset session_replication_role;
grant usage on sequence bench.seq to postgres;
grant usage on schema bench to postgres;
