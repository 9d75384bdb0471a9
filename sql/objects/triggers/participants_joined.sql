-- After people join: check the rules that span rows (who, how many, one direct conversation per pair), update the count
-- and the creator, and set where each person starts to read. An AFTER trigger, so that row-level security has refused
-- strangers before; participants_before_insert has locked the conversations.
create or replace function private.participants_joined()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_user();
  arrival record;
  conversation public.conversations;
  existing uuid;
begin
  perform set_config('chat.adding_to', '', true);
  if writer is not null then
    perform private.count_against_limit(writer, 'add', count(*)) from joined j where j.user_id <> writer having count(*) > 0;
  end if;
  for arrival in
    select j.conversation_id, array_agg(j.user_id order by j.user_id) as users, count(*)::integer as size
    from joined j
    group by j.conversation_id
    order by j.conversation_id
  loop
    select c.* into conversation from public.conversations c where c.id = arrival.conversation_id;
    if not conversation.is_group and conversation.participant_count = 0 and arrival.size = 2 then
      perform private.take_pair(conversation.organization_id, arrival.users[1], arrival.users[2]);
      perform private.api_writer('conversation_participants'); -- again, because this may have waited
    end if;

    if exists (
      select from unnest(arrival.users) as u (user_id)
      where not exists (
        select from public.organization_members om
        where om.organization_id = conversation.organization_id and om.user_id = u.user_id
      )
    ) then
      perform private.refuse('PT403', 'FORBIDDEN',
        'Only members of the organization can take part in its conversations');
    end if;

    if conversation.participant_count = 0 then
      if not private.is_trusted() and not conversation.created_by = any (arrival.users) then
        perform private.refuse('PT400', 'VALIDATION_ERROR', 'The creator takes part in a new conversation');
      end if;
      -- One that everybody has left is not new, and has no creator: operators add people to it one by one.
      if conversation.is_group and arrival.size < 3 and (conversation.created_by is not null or not private.is_trusted()) then
        perform private.refuse('PT400', 'VALIDATION_ERROR', 'Groups need at least 3 participants',
          jsonb_build_object('minimum', 3, 'participants', arrival.size));
      end if;
      if not conversation.is_group then
        if arrival.size <> 2 then
          perform private.refuse('PT400', 'VALIDATION_ERROR', 'A direct conversation has exactly 2 participants',
            jsonb_build_object('participants', arrival.size));
        end if;
        insert into private.direct_conversations (organization_id, user_a, user_b, conversation_id)
        values (conversation.organization_id, arrival.users[1], arrival.users[2], conversation.id)
        on conflict on constraint one_direct_conversation do nothing;
        if not found then
          select d.conversation_id into existing
          from private.direct_conversations d
          where d.organization_id = conversation.organization_id
            and d.user_a = arrival.users[1] and d.user_b = arrival.users[2];
          perform private.refuse('PT409', 'DUPLICATE_CONVERSATION',
            'You already have a conversation with this person',
            jsonb_build_object('conversation_id', existing));
        end if;
      end if;
    elsif not conversation.is_group then
      perform private.refuse('PT400', 'VALIDATION_ERROR', 'Nobody can be added to a direct conversation');
    end if;

    if conversation.participant_count + arrival.size > 50 then
      perform private.refuse('PT400', 'VALIDATION_ERROR', 'Groups have at most 50 participants',
        jsonb_build_object('maximum', 50, 'participants', conversation.participant_count + arrival.size));
    end if;
    update public.conversations c
    set participant_count = c.participant_count + arrival.size, created_by = private.creator_of(c.id)
    where c.id = conversation.id;
  end loop;

  insert into private.read_states (conversation_id, user_id, last_read_seq, seen_count)
  select j.conversation_id, j.user_id, p.last_read_seq, p.seen_count
  from joined j
  cross join lateral private.read_position(j.conversation_id, j.user_id, j.last_read_at) as p
  on conflict (conversation_id, user_id) do update
  set last_read_seq = excluded.last_read_seq, seen_count = excluded.seen_count;
  return null;
end
$$;

revoke execute on function private.participants_joined() from public;

create or replace trigger participants_joined
after insert on public.conversation_participants
referencing new table as joined
for each statement execute function private.participants_joined();
