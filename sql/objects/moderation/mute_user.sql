-- `chatctl user mute`: the user can read, but not write: everywhere, in an organization or in a conversation.
create or replace function moderation.mute_user(
  p_user_id uuid, p_actor text, p_reason text, p_ticket text default null,
  p_organization_id uuid default null, p_conversation_id uuid default null,
  p_until timestamptz default null, p_visible_reason text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_restriction(p_actor, p_reason, p_ticket, array[p_user_id], p_until, p_visible_reason);
  perform private.require_place(p_organization_id, p_conversation_id);
  id := p_user_id;
  if not private.lock_user(p_user_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
  elsif exists (
    select from private.mutes m
    where m.user_id = p_user_id
      and m.organization_id is not distinct from p_organization_id
      and m.conversation_id is not distinct from p_conversation_id
      and m.muted_until is not distinct from p_until
      and m.visible_reason is not distinct from p_visible_reason
  ) then
    status := 'noop';
  else
    status := 'done';
    action_id := private.change_state(
      'user.mute', 'mute', p_user_id, p_organization_id, p_conversation_id,
      jsonb_build_object(
        'id', gen_random_uuid(), 'user_id', p_user_id, 'organization_id', p_organization_id, 'conversation_id', p_conversation_id,
        'reason', p_reason, 'visible_reason', p_visible_reason, 'muted_at', clock_timestamp(), 'muted_until', p_until
      ),
      p_actor, p_reason, p_ticket, jsonb_build_object('until', p_until, 'reason_shown', p_visible_reason is not null)
    );
  end if;
  return next;
end
$$;

-- `chatctl user unmute`: where the user was muted; a mute elsewhere stays.
create or replace function moderation.unmute_user(
  p_user_id uuid, p_actor text, p_reason text, p_ticket text default null,
  p_organization_id uuid default null, p_conversation_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array[p_user_id]);
  perform private.require_place(p_organization_id, p_conversation_id);
  id := p_user_id;
  if not private.lock_user(p_user_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
  elsif not exists (
    select from private.muted m
    where m.user_id = p_user_id
      and m.organization_id is not distinct from p_organization_id
      and m.conversation_id is not distinct from p_conversation_id
  ) then
    status := 'noop';
  else
    status := 'done';
    action_id := private.change_state(
      'user.unmute', 'mute', p_user_id, p_organization_id, p_conversation_id, null, p_actor, p_reason, p_ticket
    );
  end if;
  return next;
end
$$;

-- Refuse a place that does not exist, and more than one.
create or replace function private.require_place(p_organization_id uuid, p_conversation_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if num_nonnulls(p_organization_id, p_conversation_id) > 1 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A mute is everywhere, in one organization or in one conversation');
  elsif p_organization_id is not null and not exists (select from public.organizations o where o.id = p_organization_id) then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such organization');
  elsif p_conversation_id is not null and not exists (select from public.conversations c where c.id = p_conversation_id) then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such conversation');
  end if;
end
$$;

revoke execute on function moderation.mute_user(uuid, text, text, text, uuid, uuid, timestamptz, text) from public;
revoke execute on function moderation.unmute_user(uuid, text, text, text, uuid, uuid) from public;
revoke execute on function private.require_place(uuid, uuid) from public;
