-- Refuse what would remove held content in SQL that does not use the operators' functions.

-- TRUNCATE, whose rows no trigger sees.
create or replace function private.truncate_refused_while_held()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  held text;
begin
  perform private.lock_holds();
  select string_agg(h.name, ', ' order by h.name) into held from private.active_holds h;
  if held is not null then
    perform private.refuse('PT409', 'HELD', format('%s cannot be truncated: there are holds (%s)', tg_table_name, held));
  end if;
  return null;
end
$$;

create or replace trigger messages_truncate_refused before truncate on public.messages
for each statement execute function private.truncate_refused_while_held();
create or replace trigger conversations_truncate_refused before truncate on public.conversations
for each statement execute function private.truncate_refused_while_held();
create or replace trigger organizations_truncate_refused before truncate on public.organizations
for each statement execute function private.truncate_refused_while_held();
create or replace trigger deleted_messages_truncate_refused before truncate on private.deleted_messages
for each statement execute function private.truncate_refused_while_held();
create or replace trigger holds_truncate_refused before truncate on private.holds
for each statement execute function private.truncate_refused_while_held();

-- Another subject for an active hold, which would release the first one.
create or replace function private.holds_before_update()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if old.released_at is null
    and (new.id, new.organization_id, new.conversation_id, new.user_id)
      is distinct from (old.id, old.organization_id, old.conversation_id, old.user_id)
  then
    perform private.refuse('PT409', 'HELD', format('The subject of %s cannot be changed; release the hold first', old.name));
  end if;
  return new;
end
$$;

create or replace trigger holds_before_update
before update of id, organization_id, conversation_id, user_id on private.holds
for each row execute function private.holds_before_update();

-- What is kept of deleted messages. A restoration and the cascades of foreign keys delete it inside of a trigger, where
-- this is not called: messages_recounted checks the latter.
create or replace function private.kept_content_removed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  removed uuid[];
begin
  if tg_op = 'UPDATE' then
    removed := array(
      select b.message_id from before b
      where not exists (
        select from after a
        where (a.message_id, a.conversation_id) = (b.message_id, b.conversation_id)
          and (a.content, a.attachments) is not distinct from (b.content, b.attachments)
      )
    );
  else
    removed := array(select b.message_id from before b);
  end if;
  if removed = '{}' then
    return null;
  end if;
  perform private.refuse_held(
    array(select distinct m.organization_id from public.messages m where m.id = any (removed)),
    array(select distinct b.conversation_id from before b where b.message_id = any (removed)),
    array(
      select b.sender_id from before b where b.message_id = any (removed)
      union
      select m.sender_id from public.messages m where m.id = any (removed)
    )
  );
  return null;
end
$$;

create or replace trigger deleted_messages_changed
after update on private.deleted_messages
referencing old table as before new table as after
for each statement when (pg_trigger_depth() = 0) execute function private.kept_content_removed();

create or replace trigger deleted_messages_removed
after delete on private.deleted_messages
referencing old table as before
for each statement when (pg_trigger_depth() = 0) execute function private.kept_content_removed();

revoke execute on function private.truncate_refused_while_held() from public;
revoke execute on function private.holds_before_update() from public;
revoke execute on function private.kept_content_removed() from public;
