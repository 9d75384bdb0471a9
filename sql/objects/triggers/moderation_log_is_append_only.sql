-- Reject every change of the moderation log.
create or replace function private.moderation_log_is_append_only()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using message = 'the moderation log is append-only';
end
$$;

revoke execute on function private.moderation_log_is_append_only() from public;

create or replace trigger moderation_log_is_append_only
before update or delete or truncate on private.moderation_log
for each statement execute function private.moderation_log_is_append_only();
