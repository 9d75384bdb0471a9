-- Record the files of a deleted message. Storage then hides those that its sender uploaded, and those whose uploader is
-- unknown; see storage/attachments.sql. After a sender was erased, only the files' owner still identifies them: a user
-- who no longer exists.
create or replace function private.hide_files(p_message public.messages)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  insert into private.deleted_attachments (message_id, attachment_id, conversation_id, sender_id)
  select p_message.id, f.id, p_message.conversation_id, coalesce(p_message.sender_id, (
    select max(o.owner_id)::uuid
    from storage.objects o
    where p_message.sender_id is null
      and o.bucket_id = 'attachments'
      -- All names that begin with this uuid and _ (the next character is `); starts_with would not use an index.
      and o.name ~>=~ format('%s/chat/%s/%s_', p_message.organization_id, p_message.conversation_id, f.id)
      and o.name ~<~ format('%s/chat/%s/%s`', p_message.organization_id, p_message.conversation_id, f.id)
      and o.owner_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and not exists (select from public.user_profiles p where p.id::text = o.owner_id)
  ))
  from private.file_ids(p_message.attachments) as f (id)
$$;

revoke execute on function private.hide_files(public.messages) from public;
