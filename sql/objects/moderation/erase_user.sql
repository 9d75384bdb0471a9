-- `chatctl user erase`: delete a user, and everything that tells of them, in one transaction. Returns what was found of
-- them in each table, and what became of it. Holds on what they wrote, reacted to or uploaded prevent it.
--   p_messages  keep:      what they wrote stays as it is, without a sender
--               anonymize: the same, but their name, address and id in it are masked and their files deleted
--               delete:    what they wrote is gone; tombstones without a sender stay
create or replace function moderation.erase_user(
  p_user_id uuid, p_messages text, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, place text, number bigint, becomes text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  person public.user_profiles;
  reaction_filter jsonb := jsonb_build_array(jsonb_build_object('userId', p_user_id));
  changed uuid[];
  removed uuid[];
  pseudonym text;
  inventory jsonb;
  action bigint;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array[p_user_id]);
  if p_messages is null or p_messages not in ('keep', 'anonymize', 'delete') then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'Messages are kept, anonymized or deleted: keep, anonymize, delete');
  end if;

  -- Locks in the order of lock_conversations.sql; users_before_delete takes them again.
  perform private.lock_user_of_auth(p_user_id);
  perform private.take_turn(p_user_id);
  select u.* into person from public.user_profiles u where u.id = p_user_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such user');
  end if;
  perform from public.conversation_participants p where p.user_id = p_user_id order by p.conversation_id for update;
  perform from public.message_reports r
  where r.reporter_id = p_user_id or r.sender_id = p_user_id
  order by r.id for no key update;
  changed := private.messages_of(p_user_id);
  perform from public.messages m where m.id = any (changed) order by m.id for no key update;
  perform from public.organization_members o where o.user_id = p_user_id order by o.organization_id for update;
  perform private.refuse_held_of(p_user_id, changed);
  inventory := private.traces_of(p_user_id, p_messages);
  pseudonym := private.log_pseudonym(p_user_id);

  -- Conversations keep their places in people's lists.
  perform set_config('chat.keep_updated_at', 'on', true);

  -- Messages. Those that are to be removed last: counting them locks their conversations.
  update public.messages m set reactions = private.without_reactions_of(m.reactions, p_user_id)
  where m.id = any (changed) and m.reactions @> reaction_filter;
  removed := case p_messages
    when 'delete' then array(select m.id from public.messages m where m.sender_id = p_user_id and m.deleted_at is null)
    -- Nothing is left of a message that is only files.
    when 'anonymize' then array(
      select m.id from public.messages m
      where m.sender_id = p_user_id and m.deleted_at is null and coalesce(btrim(m.content, E' \t\r\n'), '') = ''
    )
    else '{}'
  end;
  if p_messages <> 'keep' then
    perform private.queue_files(array(
      select (1, m.id, m.conversation_id, m.organization_id, m.sender_id, null, null, null, null)::private.message_target
      from public.messages m
      where m.sender_id = p_user_id
    ));
    -- And what they have uploaded for no message.
    insert into private.files_to_delete (bucket_id, name, conversation_id, attachment_id, sender_id)
    select u.bucket_id, u.name, u.conversation_id, u.attachment_id, p_user_id from private.uploads_of(p_user_id) as u
    on conflict do nothing;
  end if;
  if p_messages = 'anonymize' then
    update public.messages m
    set content = private.masked(m.content, person), attachments = null
    where m.sender_id = p_user_id and m.deleted_at is null and m.id <> all (removed);
  end if;

  -- What refers to the user without a foreign key. It reads whole tables, so it comes before conversations are locked.
  update private.deleted_messages d
  set content = null, attachments = null, reactions = '[]', redacted_at = clock_timestamp()
  where d.sender_id = p_user_id and p_messages <> 'keep';
  update private.deleted_messages d set reactions = private.without_reactions_of(d.reactions, p_user_id)
  where d.reactions <> '[]' and d.reactions @> reaction_filter;
  update private.deleted_messages d set sender_id = null where d.sender_id = p_user_id;
  update private.deleted_messages d set deleted_by = null where d.deleted_by = p_user_id;
  update private.deleted_attachments d set sender_id = null where d.sender_id = p_user_id;
  update private.files_to_delete f set sender_id = null where f.sender_id = p_user_id;
  update private.seed_runs r set user_ids = array_remove(r.user_ids, p_user_id) where p_user_id = any (r.user_ids);
  perform private.forget_in_auth(p_user_id, person.email);
  perform private.forget_in_storage(p_user_id);

  perform private.lock_conversations(array(
    select unnest(private.conversations_of(p_user_id))
    union
    select m.conversation_id from public.messages m where m.id = any (removed)
  ));
  update public.messages m set deleted_at = clock_timestamp() where m.id = any (removed);
  update private.deleted_messages d
  set content = null, attachments = null, reactions = '[]', redacted_at = clock_timestamp(), sender_id = null, deleted_by = null
  where d.message_id = any (removed);
  update private.deleted_attachments d set sender_id = null where d.message_id = any (removed);
  delete from auth.users u where u.id = p_user_id;
  perform set_config('chat.keep_updated_at', '', true);

  action := private.log_act(
    'user.erase', array[pseudonym], p_actor, p_reason, p_ticket, null,
    jsonb_build_object('mode', p_messages, 'rows', (
      select jsonb_agg(jsonb_build_array(e.entry -> 'place', e.entry -> 'number') order by e.position)
      from jsonb_array_elements(inventory) with ordinality as e (entry, position)
    ))
  );
  return query
  select action, e.entry ->> 'place', (e.entry ->> 'number')::bigint, e.entry ->> 'becomes'
  from jsonb_array_elements(inventory) with ordinality as e (entry, position)
  order by e.position;
end
$$;

-- The messages that an erasure changes: those that a user has sent, and those that they have reacted to, also before these
-- were deleted.
create or replace function private.messages_of(p_user_id uuid)
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  reaction_filter jsonb := jsonb_build_array(jsonb_build_object('userId', p_user_id));
begin
  return array(
    select m.id from public.messages m where m.sender_id = p_user_id
    union
    select m.id from public.messages m where m.reactions <> '[]' and m.reactions @> reaction_filter
    union
    select d.message_id from private.deleted_messages d
    where d.sender_id = p_user_id or d.reactions <> '[]' and d.reactions @> reaction_filter
  );
end
$$;

-- Refuse to erase a user if one of these messages, or a conversation to which they have uploaded a file, is held.
create or replace function private.refuse_held_of(p_user_id uuid, p_message_ids uuid[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  select private.refuse_held(
    array_agg(distinct t.organization_id), array_agg(distinct t.conversation_id), array_agg(distinct t.sender_id)
  )
  from (
    select v.organization_id, v.conversation_id, v.sender_id
    from private.message_versions v
    where v.id = any (p_message_ids)
    union all
    select u.organization_id, u.conversation_id, p_user_id from private.uploads_of(p_user_id) as u
    union all
    select null, null, p_user_id
  ) as t
$$;

-- The reactions of a message but those of one user.
create or replace function private.without_reactions_of(p_reactions jsonb, p_user_id uuid)
returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(r.entry order by r.position), '[]')
  from jsonb_array_elements(p_reactions) with ordinality as r (entry, position)
  where r.entry ->> 'userId' <> p_user_id::text
$$;

-- A text without the id, address and name of a user.
create or replace function private.masked(p_text text, p_person public.user_profiles)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  pattern text;
  masked text := p_text;
begin
  foreach pattern in array array[
    -- The address first: it may contain the name or the id.
    private.name_pattern(p_person.email), private.id_pattern(p_person.id), private.name_pattern(p_person.full_name)
  ] loop
    if pattern is not null then
      masked := regexp_replace(masked, pattern, '[erased]', 'gi');
    end if;
  end loop;
  return left(masked, 4000);
end
$$;

revoke execute on function moderation.erase_user(uuid, text, text, text, text) from public;
revoke execute on function private.messages_of(uuid) from public;
revoke execute on function private.refuse_held_of(uuid, uuid[]) from public;
revoke execute on function private.without_reactions_of(jsonb, uuid) from public;
revoke execute on function private.masked(text, public.user_profiles) from public;
