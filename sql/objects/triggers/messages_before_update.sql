-- Decide who may change what in a message. A deleted message keeps nothing readable.
create or replace function private.messages_before_update()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  trusted boolean := private.is_trusted();
  caller uuid := private.current_user_id();
  kept private.deleted_messages;
begin
  if (new.id, new.conversation_id, new.organization_id, new.seq, new.created_at)
    is distinct from (old.id, old.conversation_id, old.organization_id, old.seq, old.created_at)
  then
    raise insufficient_privilege using
      message = 'a message stays where and when it was sent', hint = 'FORBIDDEN';
  end if;
  if new.sender_id is distinct from old.sender_id then
    if new.sender_id is not null or (new.deleted_at is null) <> (old.deleted_at is null) then
      perform private.refuse('PT400', 'VALIDATION_ERROR', 'The sender of a message is erased on its own, not exchanged');
    end if;
    return new;
  end if;

  if not trusted then
    if old.sender_id is distinct from caller then
      perform private.allow_one_row('React to one message at a time');
    end if;
    perform private.hold_briefly();
    if old.deleted_at is not null then
      perform private.count_against_limit(caller, 'delete'); -- counted because it has locked the row
      return null; -- a tombstone cannot change, and deleting it again is not an error
    end if;
    -- Checked again, because this may have waited for the row.
    if not exists (select from private.my_participations p where p.conversation_id = old.conversation_id) then
      perform private.refuse_row('messages');
    end if;
    if old.sender_id is distinct from caller or new.deleted_at is null then -- all may delete their own
      perform private.refuse_muted(caller, old.organization_id, old.conversation_id);
      perform private.refuse_locked(old.conversation_id);
    end if;
    if old.sender_id is distinct from caller
      and (new.content, new.deleted_at) is distinct from (old.content, old.deleted_at)
    then
      raise insufficient_privilege using
        message = 'only its sender can edit or delete a message', hint = 'FORBIDDEN';
    end if;
    new.reactions := private.merge_reactions(old.reactions, new.reactions, caller);
    perform private.count_against_limit(caller, case
      when new.deleted_at is not null then 'delete'
      when new.content is distinct from old.content then 'edit'
      else 'reaction'
    end);
  end if;
  -- Set by undo_restoration, which brings back a tombstone as it was.
  if not trusted or current_setting('chat.keep_message_updated_at', true) is distinct from 'on' then
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  end if;
  if new.deleted_at is not null and not trusted then
    new.deleted_at := new.updated_at;
  end if;

  if old.deleted_at is null and new.deleted_at is not null then
    insert into private.deleted_messages
      (message_id, conversation_id, sender_id, content, attachments, reactions, deleted_at, deleted_by, updated_at)
    values
      (old.id, old.conversation_id, old.sender_id, old.content, old.attachments, old.reactions,
       new.deleted_at, case when not trusted then caller end, old.updated_at);
    if old.attachments is not null then
      perform private.hide_files(old);
    end if;
    new.content := null;
    new.attachments := null;
    new.reactions := '[]';
  elsif old.deleted_at is not null and new.deleted_at is null then
    delete from private.deleted_messages d where d.message_id = old.id returning * into kept;
    if not found or kept.redacted_at is not null then
      perform private.refuse('PT404', 'NOT_FOUND', 'Nothing is kept of this message');
    end if;
    new.content := kept.content;
    new.attachments := kept.attachments;
    new.reactions := kept.reactions;
    new.updated_at := coalesce(kept.updated_at, new.updated_at);
  end if;
  return new;
end
$$;

revoke execute on function private.messages_before_update() from public;

create or replace trigger messages_before_update
before update on public.messages
for each row execute function private.messages_before_update();
