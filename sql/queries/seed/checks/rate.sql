-- Senders of more than ten messages in a minute.
--   organizations  uuid[]
--   users          uuid[]
with
paced as (
  select
    m.sender_id, m.created_at,
    lag(m.created_at, 10) over (partition by m.sender_id order by m.created_at) as tenth_before
  from public.messages m
  where m.organization_id = any (%(organizations)s::uuid[]) and m.sender_id is not null
)
select
  format('user %%s', p.sender_id) as object,
  format('%%s times more than 10 messages within 60 seconds, first at %%s', count(*), min(p.created_at)) as detail
from paced p
where p.created_at - p.tenth_before <= interval '60 seconds'
group by p.sender_id
order by p.sender_id;
