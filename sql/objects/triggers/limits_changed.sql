-- Log every change of a limit, however it is made. A limit cannot be removed.
create or replace function private.limits_changed()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.action <> old.action then
    raise insufficient_privilege using message = format('limit %s keeps its name', old.action);
  elsif (new.allowed, new.per) is distinct from (old.allowed, old.per) then
    insert into private.moderation_log (actor, action, target_type, target_id, reason, details)
    values (
      coalesce(nullif(current_setting('chat.actor', true), ''), session_user),
      'limit.change', 'limit', new.action,
      coalesce(nullif(current_setting('chat.reason', true), ''), 'changed in SQL'),
      jsonb_build_object(
        'old', jsonb_build_object('allowed', old.allowed, 'per', old.per),
        'new', jsonb_build_object('allowed', new.allowed, 'per', new.per)
      )
    );
  end if;
  return new;
end
$$;

create or replace function private.limits_stay()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using message = 'a limit can be changed and not removed';
end
$$;

revoke execute on function private.limits_changed() from public;
revoke execute on function private.limits_stay() from public;

create or replace trigger limits_changed
before update on private.limits
for each row execute function private.limits_changed();

create or replace trigger limits_stay
before delete or truncate on private.limits
for each statement execute function private.limits_stay();
