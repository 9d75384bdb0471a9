-- `chatctl user erase`: delete a user, and everything that tells of them, in one transaction. Returns what was found of
-- them in each table, and what became of it. Holds on what they wrote, or reacted to, prevent it.
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
  reacted uuid[];
  removed uuid[];
  pseudonym text;
  inventory jsonb;
  action bigint;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array[p_user_id]);
  if p_messages is null or p_messages not in ('keep', 'anonymize', 'delete') then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'Messages are kept, anonymized or deleted: keep, anonymize, delete');
  end if;
  select u.* into person from public.user_profiles u where u.id = p_user_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such user');
  end if;

  -- Locks in the order of lock_conversations.sql; users_before_delete takes them again.
  perform private.take_turn(p_user_id);
  perform from public.conversation_participants p where p.user_id = p_user_id order by p.conversation_id for update;
  reacted := array(
    select m.id from public.messages m where m.reactions <> '[]' and m.reactions @> reaction_filter order by m.id
  );
  perform from public.messages m
  where m.sender_id = p_user_id or m.id = any (reacted)
  order by m.id for no key update;
  perform from public.organization_members o where o.user_id = p_user_id order by o.organization_id for update;
  perform private.refuse_held(
    array(select distinct m.organization_id from public.messages m where m.sender_id = p_user_id or m.id = any (reacted)),
    array(select distinct m.conversation_id from public.messages m where m.sender_id = p_user_id or m.id = any (reacted)),
    array[p_user_id]
  );
  inventory := private.traces_of(p_user_id, p_messages);
  pseudonym := private.log_pseudonym(p_user_id);

  -- Conversations keep their places in people's lists.
  perform set_config('chat.keep_updated_at', 'on', true);

  -- Messages. Those that are to be removed last: counting them locks their conversations.
  update public.messages m set reactions = private.without_reactions_of(m.reactions, p_user_id) where m.id = any (reacted);
  removed := case p_messages
    when 'delete' then array(select m.id from public.messages m where m.sender_id = p_user_id)
    -- Nothing is left of a message that is only files.
    when 'anonymize' then array(
      select m.id from public.messages m
      where m.sender_id = p_user_id and coalesce(btrim(m.content, E' \t\r\n'), '') = ''
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
    select o.bucket_id, o.name, c.id, lower(split_part(storage.filename(o.name), '_', 1)), p_user_id
    from storage.objects o
    join public.conversations c on c.id = case
      when (storage.foldername(o.name))[3] ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (storage.foldername(o.name))[3]::uuid
    end
    where o.bucket_id = 'attachments' and (o.owner_id = p_user_id::text or o.owner = p_user_id)
    on conflict do nothing;
  end if;
  if p_messages = 'anonymize' then
    update public.messages m
    set content = private.masked(m.content, person), attachments = null
    where m.sender_id = p_user_id and m.deleted_at is null and m.id <> all (removed);
  end if;
  perform private.lock_conversations(array(
    select unnest(private.conversations_of(p_user_id))
    union
    select m.conversation_id from public.messages m where m.id = any (removed)
  ));
  update public.messages m set deleted_at = clock_timestamp() where m.deleted_at is null and m.id = any (removed);
  update private.deleted_messages d
  set content = null, attachments = null, reactions = '[]', redacted_at = clock_timestamp()
  where d.sender_id = p_user_id and p_messages <> 'keep';

  -- What refers to the user without a foreign key.
  update private.deleted_messages d set reactions = private.without_reactions_of(d.reactions, p_user_id)
  where d.reactions <> '[]' and d.reactions @> reaction_filter;
  update private.deleted_messages d set sender_id = null where d.sender_id = p_user_id;
  update private.deleted_messages d set deleted_by = null where d.deleted_by = p_user_id;
  update private.deleted_attachments d set sender_id = null where d.sender_id = p_user_id;
  update private.files_to_delete f set sender_id = null where f.sender_id = p_user_id;
  -- Files without an owner are hidden as the sender's own are.
  update storage.objects o set owner = null, owner_id = null where o.owner_id = p_user_id::text or o.owner = p_user_id;
  perform private.forget_in_storage(p_user_id);
  update private.seed_runs r set user_ids = array_remove(r.user_ids, p_user_id) where p_user_id = any (r.user_ids);
  perform private.forget_in_auth(p_user_id, person.email);
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
    private.id_pattern(p_person.id), private.name_pattern(p_person.email), private.name_pattern(p_person.full_name)
  ] loop
    if pattern is not null then
      masked := regexp_replace(masked, pattern, '[erased]', 'gi');
    end if;
  end loop;
  return left(masked, 4000);
end
$$;

revoke execute on function moderation.erase_user(uuid, text, text, text, text) from public;
revoke execute on function private.without_reactions_of(jsonb, uuid) from public;
revoke execute on function private.masked(text, public.user_profiles) from public;
