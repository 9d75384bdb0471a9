-- Refuse somebody who is muted: everywhere, or in this organization or conversation. For triggers, before and after they
-- wait. Volatile, so that it sees what was committed since the statement began.
create or replace function private.refuse_muted(
  p_user_id uuid, p_organization_id uuid default null, p_conversation_id uuid default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  mute record;
begin
  select m.muted_until, m.visible_reason, case
    when m.conversation_id is not null then 'conversation'
    when m.organization_id is not null then 'organization'
    else 'everywhere'
  end as scope
  into mute
  from private.muted m
  where m.user_id = p_user_id
    and (m.organization_id is null or m.organization_id = p_organization_id)
    and (m.conversation_id is null or m.conversation_id = p_conversation_id)
  order by coalesce(m.muted_until, 'infinity') desc
  limit 1;
  if found then
    perform private.refuse('PT403', 'MUTED', 'You can read here, but not write',
      jsonb_build_object('scope', mute.scope, 'until', mute.muted_until, 'reason', mute.visible_reason));
  end if;
end
$$;

-- Refuse everybody in a conversation that an operator has locked.
create or replace function private.refuse_locked(p_conversation_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  conversation record;
begin
  select c.locked_at, c.lock_reason into conversation
  from public.conversations c
  where c.id = p_conversation_id and c.locked_at is not null;
  if found then
    perform private.refuse('PT403', 'CONVERSATION_LOCKED', 'Nobody can write in this conversation now',
      jsonb_build_object('locked_at', conversation.locked_at, 'reason', conversation.lock_reason));
  end if;
end
$$;

revoke execute on function private.refuse_muted(uuid, uuid, uuid) from public;
revoke execute on function private.refuse_locked(uuid) from public;
