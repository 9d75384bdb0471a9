-- `chatctl participant add` and `remove`: change who takes part in a group. The rules of groups hold for operators, too:
-- members of the organization only, and at most 50. In a direct conversation the two people stay.

create or replace function moderation.add_participants(
  p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from private.change_participants(
    'participant.add', p_conversation_id, p_user_ids, p_actor, p_reason, p_ticket
  )
$$;

create or replace function moderation.remove_participants(
  p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from private.change_participants(
    'participant.remove', p_conversation_id, p_user_ids, p_actor, p_reason, p_ticket
  )
$$;

create or replace function private.change_participants(
  p_action text, p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  adds boolean := p_action = 'participant.add';
  conversation public.conversations;
  present uuid[];
  eligible uuid[];
  chosen uuid[];
  changes private.undo_states[];
  action bigint;
begin
  perform private.require_reason(
    p_actor, p_reason, p_ticket, p_user_ids || private.people_of(array['conversation:' || p_conversation_id])
  );
  -- Locks in the order of lock_conversations.sql.
  perform from public.conversation_participants p
  where p.conversation_id = p_conversation_id and p.user_id = any (p_user_ids)
  order by p.user_id for update;
  perform private.lock_conversation(p_conversation_id);
  select c.* into conversation from public.conversations c where c.id = p_conversation_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such conversation');
  elsif not conversation.is_group then
    perform private.refuse('PT409', 'CONFLICT', 'The two people of a direct conversation stay; lock it instead');
  end if;
  present := array(
    select p.user_id from public.conversation_participants p where p.conversation_id = p_conversation_id
  );
  eligible := array(
    select m.user_id from public.organization_members m where m.organization_id = conversation.organization_id
  );
  chosen := array(
    select u.id
    from unnest(p_user_ids) as u (id)
    where case when adds then u.id = any (eligible) and u.id <> all (present) else u.id = any (present) end
    group by u.id
    order by u.id
  );
  if chosen <> '{}' then
    changes := array(
      select (
        null, null, 'participant', u.id, null, p_conversation_id,
        private.state_of('participant', u.id, null, p_conversation_id), null
      )::private.undo_states
      from unnest(chosen) as u (id)
    );
    perform set_config('chat.keep_updated_at', 'on', true);
    if adds then
      insert into public.conversation_participants (conversation_id, user_id)
      select p_conversation_id, u.id from unnest(chosen) as u (id);
    else
      delete from public.conversation_participants p
      where p.conversation_id = p_conversation_id and p.user_id = any (chosen);
    end if;
    perform set_config('chat.keep_updated_at', '', true);
    action := private.log_changes(
      p_action,
      array(
        select (
          null, null, 'participant', c.user_id, null, p_conversation_id, c.state_before,
          private.state_of('participant', c.user_id, null, p_conversation_id)
        )::private.undo_states
        from unnest(changes) as c
      ),
      p_actor, p_reason, p_ticket
    );
  end if;
  return query
  select
    case when u.id = any (chosen) then action end,
    u.id,
    case when u.id = any (chosen) then 'done' when r.problem is null then 'noop' else 'failed' end,
    r.problem
  from unnest(p_user_ids) with ordinality as u (id, place)
  cross join lateral (
    select case
      when not exists (select from public.user_profiles p where p.id = u.id) then 'NOT_FOUND'
      when adds and u.id <> all (present) and u.id <> all (eligible) then 'NOT_MEMBER'
    end as problem
  ) as r
  where not exists (select from unnest(p_user_ids) with ordinality as e (id, place) where e.id = u.id and e.place < u.place)
  order by u.place;
end
$$;

revoke execute on function moderation.add_participants(uuid, uuid[], text, text, text) from public;
revoke execute on function moderation.remove_participants(uuid, uuid[], text, text, text) from public;
revoke execute on function private.change_participants(text, uuid, uuid[], text, text, text) from public;
