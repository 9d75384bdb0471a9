-- Files: a private bucket whose limits Storage enforces. Participants read and add
-- {organization}/chat/{conversation}/{uuid}_{name}; nobody changes or deletes files through the API. Paths are compared
-- as text: anybody may choose a name, and a failing cast would break the listing for everybody.
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('attachments', 'attachments', false, 10485760, array[
  'image/jpeg', 'image/png', 'image/gif', 'image/webp', 'application/pdf', 'application/msword',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.ms-excel',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
])
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

drop policy if exists "participants read attachments" on storage.objects;
create policy "participants read attachments"
on storage.objects for select to authenticated
using (
  bucket_id = 'attachments'
  and exists (
    select from private.my_participations p
    where p.organization_id::text = (storage.foldername(name))[1]
      and p.conversation_id::text = (storage.foldername(name))[3]
  )
  and (storage.foldername(name))[2] = 'chat'
  and cardinality(storage.foldername(name)) = 3
  -- The files of a deleted message are hidden: those that its sender uploaded, and those without an owner.
  and not exists (
    select from private.my_hidden_attachments h
    where h.conversation_id::text = (storage.foldername(name))[3]
      and h.attachment_id = lower(split_part(storage.filename(name), '_', 1))
      and (owner_id is null or owner_id = h.sender_id::text)
  )
);

drop policy if exists "participants add attachments" on storage.objects;
create policy "participants add attachments"
on storage.objects for insert to authenticated
with check (
  bucket_id = 'attachments'
  and exists (
    select from private.my_writable p
    where p.organization_id::text = (storage.foldername(name))[1]
      and p.conversation_id::text = (storage.foldername(name))[3]
  )
  and (storage.foldername(name))[2] = 'chat'
  and cardinality(storage.foldername(name)) = 3
  -- No control characters or line separators, and no path components that lead upwards.
  and storage.filename(name)
    ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[^\u0001-\u001f\u007f-\u009f\u2028\u2029]{1,200}$'
  and name not like '%..%'
);
