-- `chatctl conversation lock`: nobody can write in it; participants see since when and why. Whoever sends at this moment
-- is waited for.
create or replace function moderation.lock_conversation(
  p_conversation_id uuid, p_visible_reason text, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_restriction(
    p_actor, p_reason, p_ticket, private.people_of(array['conversation:' || p_conversation_id]), null, p_visible_reason
  );
  if p_visible_reason is null then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A lock needs a reason for the participants');
  end if;
  perform private.lock_conversation(p_conversation_id);
  return query select * from private.change_lock(
    'conversation.lock', p_conversation_id,
    (
      select jsonb_build_object('locked_at', coalesce(c.locked_at, clock_timestamp()), 'lock_reason', p_visible_reason)
      from public.conversations c
      where c.id = p_conversation_id
    ),
    p_actor, p_reason, p_ticket
  );
end
$$;

-- `chatctl conversation unlock`.
create or replace function moderation.unlock_conversation(
  p_conversation_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(
    p_actor, p_reason, p_ticket, private.people_of(array['conversation:' || p_conversation_id])
  );
  perform private.lock_conversation(p_conversation_id);
  return query select * from private.change_lock(
    'conversation.unlock', p_conversation_id, null, p_actor, p_reason, p_ticket
  );
end
$$;

create or replace function private.change_lock(
  p_action text, p_conversation_id uuid, p_state jsonb, p_actor text, p_reason text, p_ticket text
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  id := p_conversation_id;
  if not exists (select from public.conversations c where c.id = p_conversation_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
  elsif exists (
    select from public.conversations c
    where c.id = p_conversation_id and c.locked_at is not distinct from (p_state ->> 'locked_at')::timestamptz
      and c.lock_reason is not distinct from p_state ->> 'lock_reason'
  ) then
    status := 'noop';
  else
    status := 'done';
    action_id := private.change_state(
      p_action, 'lock', null, null, p_conversation_id, p_state, p_actor, p_reason, p_ticket
    );
  end if;
  return next;
end
$$;

revoke execute on function moderation.lock_conversation(uuid, text, text, text, text) from public;
revoke execute on function moderation.unlock_conversation(uuid, text, text, text) from public;
revoke execute on function private.change_lock(text, uuid, jsonb, text, text, text) from public;
