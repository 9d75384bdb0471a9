-- Supabase Auth's side of a suspension: a ban prevents signing in and refreshing a token. Projects differ in which of these
-- tables and columns exist, and in what this role may do with them; access to chat ends with the suspension all the same.

-- Lock a user of Auth, so that nothing signs them in meanwhile. Auth deletes a user in this order: it locks the user, and
-- the trigger then takes their turn.
create or replace function private.lock_user_of_auth(p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from auth.users u where u.id = p_user_id for update;
exception when insufficient_privilege then
  null;
end
$$;

create or replace function private.banned_until(p_user_id uuid)
returns timestamptz
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return (select u.banned_until from auth.users u where u.id = p_user_id);
exception when undefined_column or insufficient_privilege then
  return null;
end
$$;

create or replace function private.ban_until(p_user_id uuid, p_until timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update auth.users u set banned_until = p_until where u.id = p_user_id and u.banned_until is distinct from p_until;
exception when undefined_column or insufficient_privilege then
  raise notice 'auth.users.banned_until cannot be changed here; the user can still sign in, but not use chat';
end
$$;

-- The ban that Auth's own administration has set: not the one that a suspension has set.
create or replace function private.ban_of_auth(p_user_id uuid)
returns timestamptz
language sql
set search_path = pg_catalog, pg_temp
as $$
  select case when b.banned_until = s.ban_set then s.ban_replaced else b.banned_until end
  from private.banned_until(p_user_id) as b (banned_until)
  left join private.suspensions s on s.user_id = p_user_id
$$;

-- The end of a ban for the end of a suspension. Auth cannot read infinity.
create or replace function private.ban_end(p_suspended_until timestamptz)
returns timestamptz
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select least(p_suspended_until, '2999-12-31 00:00:00Z')
$$;

-- End a user's sessions, and with them their refresh tokens. Tokens of an early Auth have no session.
create or replace function private.end_sessions(p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  begin
    delete from auth.sessions s where s.user_id = p_user_id;
  exception when undefined_table or insufficient_privilege then
    raise notice 'auth.sessions cannot be changed here; the sessions of the user stay';
  end;
  begin
    delete from auth.refresh_tokens t where t.session_id is null and t.user_id::text = p_user_id::text;
  exception when undefined_table or undefined_column or insufficient_privilege then
    raise notice 'auth.refresh_tokens cannot be changed here';
  end;
end
$$;

revoke execute on function private.lock_user_of_auth(uuid) from public;
revoke execute on function private.banned_until(uuid) from public;
revoke execute on function private.ban_until(uuid, timestamptz) from public;
revoke execute on function private.ban_of_auth(uuid) from public;
revoke execute on function private.ban_end(timestamptz) from public;
revoke execute on function private.end_sessions(uuid) from public;
