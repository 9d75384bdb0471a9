-- Holds: nothing that is held is redacted, purged or erased, whoever tries, until the hold is released.

-- Let a hold that is being created finish first, and one that comes later wait for this transaction. A transaction that
-- reads from one snapshot would not see the former, and is refused.
create or replace function private.lock_holds()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  lock table private.holds in share mode;
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    perform from private.holds_changed c for share;
  end if;
exception when serialization_failure then
  perform private.refuse('PT409', 'CONFLICT', 'Holds have changed since this transaction began; roll it back and begin again');
end
$$;

create or replace function private.holds_changed()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update private.holds_changed c set at = clock_timestamp();
  return null;
end
$$;

create or replace trigger holds_changed
before insert or update on private.holds
for each statement execute function private.holds_changed();

-- Refuse to go on if a message of one of these conversations, or of one of these senders, is held.
create or replace function private.refuse_held(
  p_organization_ids uuid[], p_conversation_ids uuid[], p_sender_ids uuid[]
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  held text;
begin
  perform private.lock_holds();
  select string_agg(distinct h.name, ', ' order by h.name) into held
  from private.active_holds h
  where h.organization_id = any (p_organization_ids) or h.conversation_id = any (p_conversation_ids)
    or h.user_id = any (p_sender_ids);
  if held is not null then
    perform private.refuse('PT409', 'HELD', format('Held by %s; release the hold first', held));
  end if;
end
$$;

create or replace view private.active_holds as
select h.id, h.name, h.reason, h.organization_id, h.conversation_id, h.user_id, h.created_at
from private.holds h
where h.released_at is null;

revoke all on private.active_holds from public, anon, authenticated, service_role;

-- An active hold is released, not deleted; release_hold does both. Its foreign keys keep what it is about.
create or replace function private.holds_before_delete()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if old.released_at is null then
    perform private.refuse('PT409', 'HELD', format('Held by %s; release the hold first', old.name));
  end if;
  return old;
end
$$;

create or replace trigger holds_before_delete
before delete on private.holds
for each row execute function private.holds_before_delete();

revoke execute on function private.lock_holds() from public;
revoke execute on function private.holds_changed() from public;
revoke execute on function private.refuse_held(uuid[], uuid[], uuid[]) from public;
revoke execute on function private.holds_before_delete() from public;

-- Create a hold on an organization, a conversation or a user: exactly one of them. Returns the action's id.
create or replace function moderation.create_hold(
  p_name text, p_actor text, p_reason text, p_ticket text default null,
  p_organization_id uuid default null, p_conversation_id uuid default null, p_user_id uuid default null
)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  people uuid[] := p_user_id || private.people_of(array['conversation:' || p_conversation_id]);
  hold private.holds;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, people);
  if coalesce(p_name, '') !~ '^[^[:space:][:cntrl:]]([^[:cntrl:]]*[^[:space:][:cntrl:]])?$' or char_length(p_name) > 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'A hold has a name of 1 to 200 characters, without control characters and white space around it');
  elsif private.names_people(p_name, people) then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'The name of a hold must not contain the id, address or name of a person: the log is never changed');
  elsif num_nonnulls(p_organization_id, p_conversation_id, p_user_id) <> 1 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A hold is on one organization, conversation or user');
  end if;
  begin
    insert into private.holds (name, reason, organization_id, conversation_id, user_id)
    values (p_name, p_reason, p_organization_id, p_conversation_id, p_user_id)
    on conflict (name) do nothing
    returning * into hold;
  exception when foreign_key_violation then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no such %s', case
      when p_organization_id is not null then 'organization' when p_conversation_id is not null then 'conversation' else 'user'
    end));
  end;
  if hold.id is null then
    perform private.refuse('PT409', 'CONFLICT', format('There is an active hold of that name: %s', p_name));
  end if;
  return private.log_hold('hold.create', hold, p_actor, p_reason, p_ticket);
end
$$;

-- Log what was done to a hold, with what it is about. Returns the action's id.
create or replace function private.log_hold(
  p_action text, p_hold private.holds, p_actor text, p_reason text, p_ticket text
)
returns bigint
language sql
set search_path = pg_catalog, pg_temp
as $$
  select private.log_act(
    p_action,
    array['hold:' || p_hold.name, coalesce(
      'organization:' || p_hold.organization_id, 'conversation:' || p_hold.conversation_id, private.log_pseudonym(p_hold.user_id)
    )],
    p_actor, p_reason, p_ticket,
    coalesce(
      p_hold.organization_id, (select c.organization_id from public.conversations c where c.id = p_hold.conversation_id)
    ),
    jsonb_build_object('hold_id', p_hold.id)
  )
$$;

-- Release a hold. Only the log keeps it. Returns the action's id.
create or replace function moderation.release_hold(
  p_name text, p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  hold private.holds;
begin
  select h.* into hold from private.holds h where h.name = p_name for update;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no hold %s', p_name));
  end if;
  perform private.require_reason(
    p_actor, p_reason, p_ticket, hold.user_id || private.people_of(array['conversation:' || hold.conversation_id])
  );
  update private.holds h set released_at = clock_timestamp() where h.id = hold.id;
  delete from private.holds h where h.id = hold.id;
  return private.log_hold('hold.release', hold, p_actor, p_reason, p_ticket);
end
$$;

-- Undo the creation of a hold: release that hold, but not a later one of the same name.
create or replace function private.undo_hold(
  p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text
)
returns table (action text, action_id bigint, id text, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  hold_name text := substr(p_entry.targets[1], strpos(p_entry.targets[1], ':') + 1);
begin
  perform from private.holds h where h.id = (p_entry.details ->> 'hold_id')::uuid for update;
  if found then
    action_id := moderation.release_hold(hold_name, p_actor, p_reason, p_ticket);
    return query select 'hold.release', action_id, hold_name, 'done', null::text;
    return;
  end if;
  perform private.require_reason(p_actor, p_reason, p_ticket);
  if exists (select from private.holds h where h.name = hold_name) then
    return query select 'hold.release', null::bigint, hold_name, 'skipped', 'CHANGED';
  else
    return query select 'hold.release', null::bigint, hold_name, 'noop', null::text;
  end if;
end
$$;

revoke execute on function private.log_hold(text, private.holds, text, text, text) from public;
revoke execute on function private.undo_hold(private.moderation_log, text, text, text) from public;
revoke execute on function moderation.create_hold(text, text, text, text, uuid, uuid, uuid) from public;
revoke execute on function moderation.release_hold(text, text, text, text) from public;
