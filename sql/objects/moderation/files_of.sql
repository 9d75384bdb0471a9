-- The files in Storage of messages, of deleted ones as well: those of its attachments that its sender uploaded, and
-- those without an owner, as in hide_files.
create or replace function moderation.files_of(p_message_ids uuid[])
returns table (message_id uuid, bucket_id text, name text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select distinct m.id, o.bucket_id, o.name
  from public.messages m
  left join private.deleted_messages kept on kept.message_id = m.id
  cross join lateral private.file_ids(coalesce(m.attachments, kept.attachments)) as f (id)
  join storage.objects o
    on o.bucket_id = 'attachments'
    and o.name ~>=~ format('%s/chat/%s/%s_', m.organization_id, m.conversation_id, f.id)
    and o.name ~<~ format('%s/chat/%s/%s`', m.organization_id, m.conversation_id, f.id)
    and (o.owner_id is null or o.owner_id = m.sender_id::text)
  where m.id = any (p_message_ids)
$$;

revoke execute on function moderation.files_of(uuid[]) from public;
