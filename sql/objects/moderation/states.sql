-- What the acts that can be undone change, as JSON: the state before and after, which moderation.undo compares and
-- restores.

-- The state of a suspension (of a user), a mute (of a user, somewhere), a lock (of a conversation) or a participant.
-- Null: there is none. Times are in UTC, so that two states can be compared as text.
create or replace function private.state_of(
  p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid
)
returns jsonb
language sql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select case p_kind
    when 'suspension' then nullif(
      coalesce((select to_jsonb(s) - 'user_id' from private.suspensions s where s.user_id = p_user_id), '{}')
      || coalesce(jsonb_build_object('banned_until', private.banned_until(p_user_id)), '{}'),
      '{"banned_until": null}'
    )
    when 'mute' then (
      select to_jsonb(m)
      from private.mutes m
      where m.user_id = p_user_id
        and m.organization_id is not distinct from p_organization_id
        and m.conversation_id is not distinct from p_conversation_id
    )
    when 'lock' then (
      select jsonb_build_object('locked_at', c.locked_at, 'lock_reason', c.lock_reason)
      from public.conversations c
      where c.id = p_conversation_id and c.locked_at is not null
    )
    when 'participant' then (
      select to_jsonb(p) || jsonb_build_object('creator', c.created_by is not distinct from p.user_id)
      from public.conversation_participants p
      join public.conversations c on c.id = p.conversation_id
      where p.user_id = p_user_id and p.conversation_id = p_conversation_id
    )
  end
$$;

-- Whether a state is more than the absence of one. Auth may have banned a user who is not suspended.
create or replace function private.is_in_force(p_state jsonb)
returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(p_state - 'banned_until' <> '{}', false)
$$;

-- Set such a state. A conversation keeps its time, and its place in people's lists.
create or replace function private.set_state(
  p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid, p_state jsonb
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  in_force boolean := private.is_in_force(p_state);
begin
  perform set_config('chat.keep_updated_at', 'on', true);
  case p_kind
    when 'suspension' then
      delete from private.suspensions s where s.user_id = p_user_id;
      if in_force then
        insert into private.suspensions
        select s.* from jsonb_populate_record(null::private.suspensions, p_state || jsonb_build_object('user_id', p_user_id)) as s;
        perform private.end_sessions(p_user_id);
      end if;
      perform private.ban_until(p_user_id, (p_state ->> 'banned_until')::timestamptz);
    when 'mute' then
      delete from private.mutes m
      where m.user_id = p_user_id
        and m.organization_id is not distinct from p_organization_id
        and m.conversation_id is not distinct from p_conversation_id;
      if in_force then
        insert into private.mutes select m.* from jsonb_populate_record(null::private.mutes, p_state) as m;
      end if;
    when 'lock' then
      perform private.lock_conversation(p_conversation_id);
      update public.conversations c
      set locked_at = (p_state ->> 'locked_at')::timestamptz, lock_reason = p_state ->> 'lock_reason'
      where c.id = p_conversation_id;
    when 'participant' then
      if in_force then
        insert into public.conversation_participants
        select p.* from jsonb_populate_record(null::public.conversation_participants, p_state) as p;
        if (p_state ->> 'creator')::boolean then
          update public.conversations c set created_by = p_user_id
          where c.id = p_conversation_id and c.created_by is distinct from p_user_id;
        end if;
      else
        delete from public.conversation_participants p
        where p.user_id = p_user_id and p.conversation_id = p_conversation_id;
      end if;
  end case;
  perform set_config('chat.keep_updated_at', '', true);
end
$$;

-- Log what was done to each of these, and keep what undo needs. Returns the action's id.
--   p_changes  rows of undo_states, without the ids
create or replace function private.log_changes(
  p_action text, p_changes private.undo_states[], p_actor text, p_reason text, p_ticket text, p_details jsonb default '{}'
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  organizations uuid[] := array(
    select distinct coalesce(c.organization_id, o.organization_id)
    from unnest(p_changes) as c
    left join public.conversations o on o.id = c.conversation_id
  );
  action bigint;
begin
  action := private.log_act(
    p_action,
    array(
      select t.target
      from (
        select n.ordinality as place, case when n.user_id is not null then private.log_pseudonym(n.user_id) end as target, 1 as rank
        from unnest(p_changes) with ordinality as n
        union all
        select min(n.ordinality), 'organization:' || n.organization_id, 2
        from unnest(p_changes) with ordinality as n
        group by n.organization_id
        union all
        select min(n.ordinality), 'conversation:' || n.conversation_id, 2
        from unnest(p_changes) with ordinality as n
        group by n.conversation_id
      ) as t
      where t.target is not null
      order by t.rank, t.place
    ),
    p_actor, p_reason, p_ticket, case when cardinality(organizations) = 1 then organizations[1] end, p_details
  );
  insert into private.undo_states (action_id, kind, user_id, organization_id, conversation_id, state_before, state_after)
  select action, c.kind, c.user_id, c.organization_id, c.conversation_id, c.state_before, c.state_after
  from unnest(p_changes) as c;
  return action;
end
$$;

-- Set a state, log it, and keep what undo needs. Returns the action's id.
create or replace function private.change_state(
  p_action text, p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid, p_state jsonb,
  p_actor text, p_reason text, p_ticket text, p_details jsonb default '{}'
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  state_before jsonb := private.state_of(p_kind, p_user_id, p_organization_id, p_conversation_id);
begin
  perform private.set_state(p_kind, p_user_id, p_organization_id, p_conversation_id, p_state);
  return private.log_changes(
    p_action,
    array[(
      null, null, p_kind, p_user_id, p_organization_id, p_conversation_id, state_before,
      private.state_of(p_kind, p_user_id, p_organization_id, p_conversation_id)
    )::private.undo_states],
    p_actor, p_reason, p_ticket, p_details
  );
end
$$;

-- Restore what an action of this kind replaced: one row for each thing that it changed. What has changed since is left
-- alone. The inverse is logged.
create or replace function private.undo_changes(p_action_id bigint, p_actor text, p_reason text, p_ticket text)
returns table (action text, action_id bigint, id text, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  change private.undo_states;
  current_state jsonb;
  done private.undo_states[] := '{}';
  outcomes jsonb[] := '{}';
  inverse text;
  inverse_id bigint;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array(
    select u.user_id from private.undo_states u where u.action_id = p_action_id
  ) || private.people_of(array(
    select 'conversation:' || u.conversation_id from private.undo_states u where u.action_id = p_action_id
  )));
  perform private.lock_changed(p_action_id);
  for change in select u.* from private.undo_states u where u.action_id = p_action_id order by u.id loop
    if change.kind in ('suspension', 'mute') then
      perform private.lock_user(change.user_id);
    end if;
    current_state := private.state_of(change.kind, change.user_id, change.organization_id, change.conversation_id);
    inverse := case change.kind
      when 'suspension' then case when private.is_in_force(change.state_before) then 'user.suspend' else 'user.unsuspend' end
      when 'mute' then case when private.is_in_force(change.state_before) then 'user.mute' else 'user.unmute' end
      when 'lock' then case when private.is_in_force(change.state_before) then 'conversation.lock' else 'conversation.unlock' end
      else case when private.is_in_force(change.state_before) then 'participant.add' else 'participant.remove' end
    end;
    if private.same_state(change.kind, current_state, change.state_before) then
      outcomes := outcomes || jsonb_build_object('status', 'noop');
    elsif not private.same_state(change.kind, current_state, change.state_after) then
      outcomes := outcomes || jsonb_build_object('status', 'skipped', 'problem', 'CHANGED');
    elsif inverse = 'participant.add' and not private.can_take_part(change.user_id, change.conversation_id) then
      outcomes := outcomes || jsonb_build_object('status', 'failed', 'problem', 'NOT_MEMBER');
    else
      perform private.set_state(
        change.kind, change.user_id, change.organization_id, change.conversation_id, change.state_before
      );
      done := done || (
        null, null, change.kind, change.user_id, change.organization_id, change.conversation_id, current_state, change.state_before
      )::private.undo_states;
      outcomes := outcomes || jsonb_build_object('status', 'done');
    end if;
    outcomes[cardinality(outcomes)] := outcomes[cardinality(outcomes)]
      || jsonb_build_object('id', coalesce(change.user_id, change.conversation_id));
  end loop;
  if done <> '{}' then
    inverse_id := private.log_changes(inverse, done, p_actor, p_reason, p_ticket, jsonb_build_object('undo', p_action_id));
  end if;
  return query
  select inverse, case when o.outcome ->> 'status' = 'done' then inverse_id end,
    o.outcome ->> 'id', o.outcome ->> 'status', o.outcome ->> 'problem'
  from unnest(outcomes) with ordinality as o (outcome, place)
  order by o.place;
end
$$;

-- Lock the participants and the conversations that an action changed, in the order of lock_conversations.sql.
create or replace function private.lock_changed(p_action_id bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform
  from public.conversation_participants p
  join private.undo_states u on u.conversation_id = p.conversation_id and u.user_id = p.user_id
  where u.action_id = p_action_id and u.kind = 'participant'
  order by p.conversation_id, p.user_id for update of p;
  perform private.lock_conversations(array(
    select u.conversation_id from private.undo_states u where u.action_id = p_action_id and u.kind in ('participant', 'lock')
  ));
end
$$;

create or replace function private.can_take_part(p_user_id uuid, p_conversation_id uuid)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from public.conversations c
    join public.organization_members m on m.organization_id = c.organization_id
    where c.id = p_conversation_id and m.user_id = p_user_id
  )
$$;

-- Whether nothing has changed. What participants change themselves, such as how far they have read, does not count; who left
-- and came back has another row.
create or replace function private.same_state(p_kind text, p_one jsonb, p_other jsonb)
returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case p_kind
    when 'participant' then p_one ->> 'id' is not distinct from p_other ->> 'id'
    else p_one is not distinct from p_other
  end
$$;

revoke execute on function private.state_of(text, uuid, uuid, uuid) from public;
revoke execute on function private.is_in_force(jsonb) from public;
revoke execute on function private.set_state(text, uuid, uuid, uuid, jsonb) from public;
revoke execute on function private.log_changes(text, private.undo_states[], text, text, text, jsonb) from public;
revoke execute on function private.change_state(
  text, text, uuid, uuid, uuid, jsonb, text, text, text, jsonb
) from public;
revoke execute on function private.undo_changes(bigint, text, text, text) from public;
revoke execute on function private.lock_changed(bigint) from public;
revoke execute on function private.can_take_part(uuid, uuid) from public;
revoke execute on function private.same_state(text, jsonb, jsonb) from public;
