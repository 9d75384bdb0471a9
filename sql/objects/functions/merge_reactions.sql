-- The reactions after a participant's write: their own entries as written, everybody else's unchanged. A client writes
-- the whole array that it read earlier, which must not undo other people's changes since. An entry of another person
-- that is missing in the current array is ignored, because it may have been withdrawn meanwhile. A message has room for
-- 1,000 entries, 20 for each of 50 participants; messages_make_room keeps it so.
create or replace function private.merge_reactions(p_old jsonb, p_new jsonb, p_user_id uuid)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  had integer;
  has integer;
begin
  if jsonb_typeof(p_new) <> 'array' then
    return p_new; -- the check constraint refuses it
  elsif jsonb_array_length(p_new) > 1020 then -- more than the maximum of a message plus that of one user
    perform private.refuse_message('reactions', null, p_new);
  end if;
  select count(*) into had from jsonb_array_elements(p_old) as o (entry) where o.entry ->> 'userId' = p_user_id::text;
  select count(distinct n.entry) into has
  from jsonb_array_elements(p_new) as n (entry) where n.entry ->> 'userId' = p_user_id::text;
  if has > greatest(had, 20) then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A message takes at most 20 reactions of one person',
      jsonb_build_object('maximum', 20, 'reactions', has));
  end if;
  return (
    select coalesce(jsonb_agg(e.entry order by e.part, e.position), '[]')
    from (
      select 1 as part, o.position, o.entry
      from jsonb_array_elements(p_old) with ordinality as o (entry, position)
      where o.entry ->> 'userId' <> p_user_id::text or p_new @> jsonb_build_array(o.entry)
      union all
      select 2, min(n.position), n.entry
      from jsonb_array_elements(p_new) with ordinality as n (entry, position)
      where not p_old @> jsonb_build_array(n.entry)
        -- Keep entries without a valid user, so that the check constraint refuses them.
        and (
          n.entry ->> 'userId' = p_user_id::text
          or coalesce(n.entry ->> 'userId', '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        )
      group by n.entry
    ) as e
  );
end
$$;

revoke execute on function private.merge_reactions(jsonb, jsonb, uuid) from public;
