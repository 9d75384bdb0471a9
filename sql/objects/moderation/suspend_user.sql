-- `chatctl user suspend`: no access to chat from now on, whatever token the user has, and no signing in.
--   p_until           null: until it is lifted
--   p_visible_reason  what the user may know, see get_my_restrictions; null: nothing
create or replace function moderation.suspend_user(
  p_user_id uuid, p_actor text, p_reason text, p_ticket text default null,
  p_until timestamptz default null, p_visible_reason text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ban_of_auth timestamptz;
  ban timestamptz;
begin
  perform private.require_restriction(p_actor, p_reason, p_ticket, array[p_user_id], p_until, p_visible_reason);
  id := p_user_id;
  if not private.lock_user(p_user_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
  elsif exists (
    select from private.suspensions s
    where s.user_id = p_user_id and s.suspended_until is not distinct from p_until
      and s.visible_reason is not distinct from p_visible_reason
  ) then
    status := 'noop';
  else
    status := 'done';
    ban_of_auth := private.ban_of_auth(p_user_id);
    ban := greatest(ban_of_auth, private.ban_end(p_until));
    action_id := private.change_state(
      'user.suspend', 'suspension', p_user_id, null, null,
      jsonb_build_object(
        'reason', p_reason, 'visible_reason', p_visible_reason, 'suspended_at', clock_timestamp(), 'suspended_until', p_until,
        'ban_set', ban, 'ban_replaced', ban_of_auth, 'banned_until', ban
      ),
      p_actor, p_reason, p_ticket, jsonb_build_object('until', p_until, 'reason_shown', p_visible_reason is not null)
    );
  end if;
  return next;
end
$$;

-- `chatctl user unsuspend`. A ban that Auth's own administration has set, before or since, stays.
create or replace function moderation.unsuspend_user(
  p_user_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  banned_until timestamptz;
  ban_of_auth timestamptz;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array[p_user_id]);
  id := p_user_id;
  if not private.lock_user(p_user_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
    return next;
    return;
  end if;
  banned_until := private.banned_until(p_user_id);
  ban_of_auth := private.ban_of_auth(p_user_id);
  if not exists (select from private.suspended s where s.user_id = p_user_id)
    and (banned_until is not distinct from ban_of_auth or banned_until <= clock_timestamp())
  then
    status := 'noop';
  else
    status := 'done';
    action_id := private.change_state(
      'user.unsuspend', 'suspension', p_user_id, null, null, jsonb_build_object('banned_until', ban_of_auth),
      p_actor, p_reason, p_ticket
    );
  end if;
  return next;
end
$$;

-- Lock a user, their turn, if they have written before, and the profile, so that operators act on the user one after another.
-- Returns whether there is one.
create or replace function private.lock_user(p_user_id uuid)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.lock_user_of_auth(p_user_id);
  perform from private.send_windows w where w.user_id = p_user_id for no key update;
  perform from public.user_profiles u where u.id = p_user_id for no key update;
  return found;
end
$$;

-- Refuse a restriction that has no actor or reason, that names somebody, or that has ended already.
create or replace function private.require_restriction(
  p_actor text, p_reason text, p_ticket text, p_user_ids uuid[], p_until timestamptz, p_visible_reason text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, p_user_ids);
  if p_until <= clock_timestamp() or p_until >= '9999-01-01' then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'The end of a restriction must be in the future, before the year 9999; without an end, leave it out');
  elsif p_visible_reason !~ '\S' or char_length(p_visible_reason) > 500 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A reason that users see has 1 to 500 characters');
  end if;
  perform private.require_reason(p_actor, coalesce(p_visible_reason, p_reason), null, p_user_ids);
end
$$;

revoke execute on function moderation.suspend_user(uuid, text, text, text, timestamptz, text) from public;
revoke execute on function moderation.unsuspend_user(uuid, text, text, text) from public;
revoke execute on function private.lock_user(uuid) from public;
revoke execute on function private.require_restriction(text, text, text, uuid[], timestamptz, text) from public;
