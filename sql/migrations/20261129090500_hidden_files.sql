-- The files of messages that were deleted before files were found by their uuid, however an attachment spells it, and those
-- of senders who had been erased: hidden from now on, as private.hide_files hides those of messages that are deleted later.
insert into private.deleted_attachments (message_id, attachment_id, conversation_id, sender_id)
select d.message_id, f.id, d.conversation_id, coalesce(d.sender_id, (
  select max(o.owner_id)::uuid
  from storage.objects o
  where d.sender_id is null
    and o.bucket_id = 'attachments'
    and o.name ~>=~ format('%s/chat/%s/%s_', c.organization_id, c.id, f.id)
    and o.name ~<~ format('%s/chat/%s/%s`', c.organization_id, c.id, f.id)
    and o.owner_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    and not exists (select from public.user_profiles p where p.id::text = o.owner_id)
))
from private.deleted_messages d
join public.conversations c on c.id = d.conversation_id
cross join lateral (
  select distinct regexp_replace(h.digits, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5') as id
  from jsonb_array_elements(d.attachments) as a (entry)
  cross join lateral (
    values (a.entry ->> 'id'), (substring(a.entry ->> 'url' from '/([^/_]+)_[^/]*$'))
  ) as s (spelling)
  cross join lateral (select lower(regexp_replace(s.spelling, '[-{}\s]', '', 'g')) as digits) as h
  where h.digits ~ '^[0-9a-f]{32}$'
) as f
on conflict do nothing;
