-- `chatctl conversation repair`: set what the database keeps beside participants and messages to what follows from them:
-- the creator, the counters and the read states. Returns each change; nothing is logged if there is none.
--   what     creator, participant_count, message_count, last_message_seq, last_seq or read_state
--   user_id  whose read state
create or replace function moderation.repair_conversation(
  p_conversation_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, what text, user_id uuid, was text, becomes text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  conversation public.conversations;
  expected record;
  creator uuid;
  changes jsonb;
  action bigint;
begin
  perform private.require_reason(
    p_actor, p_reason, p_ticket, private.people_of(array['conversation:' || p_conversation_id])
  );
  perform private.lock_conversation(p_conversation_id);
  select c.* into conversation from public.conversations c where c.id = p_conversation_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such conversation');
  end if;
  perform set_config('chat.keep_updated_at', 'on', true);

  -- Numbers that were assigned once are never assigned again.
  select
    count(m.id) filter (where m.deleted_at is null) as message_count,
    coalesce(max(m.seq) filter (where m.deleted_at is null), 0) as last_message_seq,
    greatest(conversation.last_seq, max(m.seq)) as last_seq,
    (select count(*) from public.conversation_participants p where p.conversation_id = p_conversation_id) as participant_count
  into expected
  from public.messages m
  where m.conversation_id = p_conversation_id;
  update public.conversations c
  set message_count = expected.message_count, last_message_seq = expected.last_message_seq, last_seq = expected.last_seq,
    participant_count = expected.participant_count
  where c.id = p_conversation_id
    and (c.message_count, c.last_message_seq, c.last_seq, c.participant_count) is distinct from
      (expected.message_count, expected.last_message_seq, expected.last_seq, expected.participant_count);

  creator := conversation.created_by;
  if expected.participant_count > 0 or expected.last_seq > 0 then -- else it is new
    creator := private.creator_of(p_conversation_id);
    update public.conversations c set created_by = creator
    where c.id = p_conversation_id and c.created_by is distinct from creator;
  end if;

  select jsonb_agg(jsonb_build_object('what', d.what, 'was', d.was, 'becomes', d.becomes) order by d.place)
    filter (where d.was is distinct from d.becomes)
  into changes
  from (
    values
      (1, 'creator', conversation.created_by::text, creator::text),
      (2, 'participant_count', conversation.participant_count::text, expected.participant_count::text),
      (3, 'message_count', conversation.message_count::text, expected.message_count::text),
      (4, 'last_message_seq', conversation.last_message_seq::text, expected.last_message_seq::text),
      (5, 'last_seq', conversation.last_seq::text, expected.last_seq::text)
  ) as d (place, what, was, becomes);

  with states as (
    select
      coalesce(p.user_id, r.user_id) as user_id, p.user_id is not null as takes_part, r.user_id is not null as has_state,
      r.last_read_seq, r.seen_count, w.last_read_seq as new_seq, w.seen_count as new_count
    from (select * from public.conversation_participants p where p.conversation_id = p_conversation_id) as p
    full join (select * from private.read_states r where r.conversation_id = p_conversation_id) as r on r.user_id = p.user_id
    left join lateral private.read_position(p_conversation_id, p.user_id, p.last_read_at) as w on p.user_id is not null
  ), wrong as (
    select * from states s
    where s.takes_part <> s.has_state or s.seen_count <> s.new_count or (
      s.last_read_seq <> s.new_seq and not exists ( -- whose message is gone is read all the same
        select from private.purged_messages g
        where g.conversation_id = p_conversation_id and g.seq = s.last_read_seq
      )
    )
  ), removed as (
    delete from private.read_states r using wrong w
    where r.conversation_id = p_conversation_id and r.user_id = w.user_id and not w.takes_part
  ), written as (
    insert into private.read_states (conversation_id, user_id, last_read_seq, seen_count)
    select p_conversation_id, w.user_id, w.new_seq, w.new_count from wrong w where w.takes_part
    on conflict on constraint read_states_pkey do update
    set last_read_seq = excluded.last_read_seq, seen_count = excluded.seen_count
  )
  select coalesce(changes, '[]') || coalesce(jsonb_agg(jsonb_build_object(
    'what', 'read_state', 'user_id', w.user_id,
    'was', case when w.has_state then format('read to %s, %s seen', w.last_read_seq, w.seen_count) else 'none' end,
    'becomes', case when w.takes_part then format('read to %s, %s seen', w.new_seq, w.new_count) else 'none' end
  ) order by w.user_id), '[]')
  into changes
  from wrong w;
  perform set_config('chat.keep_updated_at', '', true);

  if changes <> '[]' then
    action := private.log_act(
      'conversation.repair', array['conversation:' || p_conversation_id], p_actor, p_reason, p_ticket,
      conversation.organization_id,
      jsonb_build_object('repaired', (
        select jsonb_object_agg(g.what, g.number)
        from (select e ->> 'what' as what, count(*) as number from jsonb_array_elements(changes) as e group by 1) as g
      ))
    );
  end if;
  return query
  select action, e.entry ->> 'what', (e.entry ->> 'user_id')::uuid, e.entry ->> 'was', e.entry ->> 'becomes'
  from jsonb_array_elements(changes) with ordinality as e (entry, place)
  order by e.place;
end
$$;

revoke execute on function moderation.repair_conversation(uuid, text, text, text) from public;
