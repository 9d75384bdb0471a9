-- Chain the rows of the moderation log: each contains the hash of the one before it. Removing, inserting, swapping or
-- changing rows breaks the chain, which `chatctl log verify` follows.

-- The hash of a row: of the previous row's hash and of all its columns, with the bounds of the array, which its JSON does
-- not show. Null columns do not count, so that columns can be added later.
create or replace function private.moderation_log_hash(p_entry private.moderation_log)
returns bytea
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(p_entry.previous_hash || convert_to((
    select jsonb_object_agg(e.key, e.value)::text
    from jsonb_each(
      to_jsonb(p_entry) - array['previous_hash', 'hash']
      || jsonb_build_object('at', extract(epoch from p_entry.at), 'targets_dims', array_dims(p_entry.targets))
    ) as e (key, value)
    where e.value <> 'null'
  ), 'UTF8'))
$$;

-- The same for the view of the log: who reads a view needs EXECUTE on the functions in it.
create or replace function moderation.log_entry_hash(p_entry private.moderation_log)
returns bytea
language sql immutable security definer
set search_path = pg_catalog, pg_temp
as $$
  select private.moderation_log_hash(p_entry)
$$;

revoke execute on function moderation.log_entry_hash(private.moderation_log) from public;

create or replace function private.moderation_log_chained()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  head private.moderation_log_head;
begin
  -- Until the transaction ends: the next row needs the hash of this one.
  select h.* into strict head from private.moderation_log_head h for update;
  new.id := head.log_id + 1;
  new.at := clock_timestamp();
  new.database_role := session_user;
  new.client := nullif(current_setting('application_name'), '');
  new.previous_hash := head.hash;
  new.hash := private.moderation_log_hash(new);
  update private.moderation_log_head h set log_id = new.id, hash = new.hash where h.only_row;
  return new;
end
$$;

revoke execute on function private.moderation_log_hash(private.moderation_log) from public;
revoke execute on function private.moderation_log_chained() from public;

create or replace trigger moderation_log_chained
before insert on private.moderation_log
for each row execute function private.moderation_log_chained();
