-- The files of messages that were deleted before files were found by their uuid, however an attachment spells it, and those
-- of senders who had been erased: hidden from now on, as private.hide_files hides those of messages that are deleted later.
-- Functions come after the migrations: these are the rules of hide_files.sql and file_ids.sql at this time, written out.
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
  select distinct regexp_replace(f.digits, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5') as id
  from jsonb_array_elements(case jsonb_typeof(d.attachments) when 'array' then d.attachments else '[]' end) as a (entry)
  cross join lateral (values (a.entry ->> 'id'), (a.entry ->> 'url')) as s (spelling)
  -- What percent signs encode, where it is valid UTF-8 that convert_from takes, or else the characters as they are.
  cross join lateral (
    select string_agg(normalize(
      coalesce(convert_from(decode(replace(p.part[1], '%', ''), 'hex'), 'UTF8'), p.part[2]), nfkd
    ), '' order by p.position) as decoded
    from regexp_matches(
      regexp_replace(left(s.spelling, 16384), '%(25)+', '%', 'g'),
      '((?:%(?:0[1-9a-f]|[1-7][0-9a-f]|(?:c[2-9a-f]|d[0-9a-f])%[89ab][0-9a-f]|e[1-9a-cef](?:%[89ab][0-9a-f]){2}'
      '|f0%[9ab][0-9a-f](?:%[89ab][0-9a-f]){2}|f[1-3](?:%[89ab][0-9a-f]){3}))+)|([^%]{1,64}|%)',
      'gi'
    ) with ordinality as p (part, position)
  ) as u
  cross join lateral (select lower(regexp_replace(u.decoded, '[^ -~]', '', 'g')) as ascii) as n
  cross join lateral (values (n.ascii), (regexp_replace(n.ascii, '[-{}\s]', '', 'g'))) as t (text)
  cross join lateral (
    select replace(m.found[1], '-', '')
    from regexp_matches(t.text, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') as m (found)
    union all
    -- Digits that other text runs into, which may be digits of the same kind: "uuid" ends with one.
    select unnest(array[left(m.found[1], 32), right(m.found[1], 32)])
    from regexp_matches(t.text, '[0-9a-f]{32,}', 'g') as m (found)
  ) as f (digits)
) as f
on conflict do nothing;
