-- The optional indexes for `message search`, see `message index`: absent, unfinished, outdated or ready. For operators.
create or replace view moderation.search_index as
select
  case
    when count(*) = 0 then 'absent'
    when count(*) < 2 or not bool_and(i.indisvalid and i.indisready) then 'unfinished'
    else 'ready'
  end as state,
  coalesce(sum(pg_catalog.pg_relation_size(i.indexrelid)), 0)::bigint as bytes
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = 'public.messages'::regclass and c.relname in ('messages_search', 'messages_time');

revoke all on moderation.search_index from public, anon, authenticated, service_role;
