-- Before Auth or an operator deletes a user: lock everything that is deleted or changed with them, in the order of
-- lock_conversations.sql. The cascade of the foreign keys would lock the profile first.
create or replace function private.users_before_delete()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.refuse_held(
    array(select distinct m.organization_id from public.messages m where m.sender_id = old.id),
    array(select distinct m.conversation_id from public.messages m where m.sender_id = old.id),
    array[old.id]
  );
  perform private.take_turn(old.id);
  perform from public.conversation_participants p where p.user_id = old.id order by p.conversation_id for update;
  perform from public.message_reports r
  where r.reporter_id = old.id or r.sender_id = old.id
  order by r.id for no key update;
  -- Erase the sender here, because the foreign key would do it while the conversations are locked, which takes seconds for
  -- many messages. Lock the messages in the order of their ids, so that two deletions do not wait for each other.
  perform from public.messages m where m.sender_id = old.id order by m.id for no key update;
  perform set_config('chat.deleted_user', old.id::text, true); -- messages_recounted skips this user's read states, which are deleted as well
  update public.messages m set sender_id = null where m.sender_id = old.id;
  perform from public.organization_members o where o.user_id = old.id order by o.organization_id for update;
  perform private.lock_conversations(private.conversations_of(old.id));
  -- With the profile locked, nobody can add the user to a conversation; but somebody may have done so while this waited.
  -- These conversations are locked without waiting: as for a lower id, lock_conversation refuses instead.
  perform from public.user_profiles u where u.id = old.id for update;
  perform set_config('chat.last_locked', 'ffffffff-ffff-ffff-ffff-ffffffffffff', true);
  perform private.lock_conversations(private.conversations_of(old.id));
  return old;
end
$$;

create or replace function private.conversations_of(p_user_id uuid)
returns uuid[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select p.conversation_id from public.conversation_participants p where p.user_id = p_user_id
    union
    select c.id from public.conversations c where c.created_by = p_user_id
  )
$$;

revoke execute on function private.users_before_delete() from public;
revoke execute on function private.conversations_of(uuid) from public;

create or replace trigger chat_users_before_delete
before delete on auth.users
for each row execute function private.users_before_delete();
