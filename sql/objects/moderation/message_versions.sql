-- The versions of messages, at which a plan chooses them, in the order of their ids in the list. A function, because a view
-- would compute them with the rights of whoever reads it.
create or replace function moderation.message_versions(p_ids uuid[])
returns table (id uuid, version text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select v.id, v.version
  from unnest(p_ids) with ordinality as n (id, place)
  join private.message_versions v on v.id = n.id
  order by n.place
$$;

revoke execute on function moderation.message_versions(uuid[]) from public;
