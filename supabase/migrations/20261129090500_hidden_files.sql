-- The files of messages that were deleted before files were found by their uuid, however an attachment spells it, and those
-- of senders who had been erased: hidden from now on, as private.hide_files hides those of messages that are deleted later.
-- Functions come after the migrations, but for the two that this needs.

-- The ASCII letters, digits and signs of a text, in lower case, whatever they are written as: percent-encoded (several times,
-- too), fullwidth, with invisible characters between them. Never raises, and looks at 16,384 characters.
create or replace function private.plain_text(p_text text)
returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  plain text := left(p_text, 16384);
begin
  if plain ~ '%' then
    plain := regexp_replace(plain, '%(25)+', '%', 'g');
    -- Fullwidth digits and letters in UTF-8; what else is not ASCII goes.
    plain := regexp_replace(plain, '%ef%bc%9([0-9])', '\1', 'gi');
    plain := regexp_replace(plain, '%ef%b(?:c%a|d%8)([1-6])', '%6\1', 'gi');
    plain := regexp_replace(plain, '%[89a-f][0-9a-f]', '', 'gi');
    -- The digits and letters of a uuid, and its hyphens; what else is ASCII separates them.
    plain := regexp_replace(plain, '%3([0-9])', '\1', 'g');
    for letter in 1 .. 6 loop
      plain := regexp_replace(plain, format('%%[46]%s', letter), chr(96 + letter), 'g');
    end loop;
    plain := regexp_replace(plain, '%2d', '-', 'gi');
    plain := regexp_replace(plain, '%[0-7][0-9a-f]', ' ', 'gi');
  end if;
  if plain !~ '^[ -~]*$' then
    -- 64 characters at a time: normalize sorts the marks that follow one another.
    plain := (
      select string_agg(normalize(substr(plain, part.start, 64), nfkd), '' order by part.start)
      from generate_series(1, char_length(plain), 64) as part (start)
    );
    plain := regexp_replace(plain, '[^ -~]', '', 'g');
  end if;
  return lower(plain);
end
$$;

revoke execute on function private.plain_text(text) from public;

-- The files that attachments name: every uuid in an id or a url, since the names of objects begin with one. A uuid too many
-- hides nothing that somebody else has uploaded. It is part of deleting a message, so it raises for no attachment.
create or replace function private.file_ids(p_attachments jsonb)
returns setof text
language sql immutable
set search_path = ''
as $$
  select distinct regexp_replace(f.digits, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')
  from jsonb_array_elements(case jsonb_typeof(p_attachments) when 'array' then p_attachments else '[]' end) as a (entry)
  cross join lateral (
    values (private.plain_text(a.entry ->> 'id')), (private.plain_text(a.entry ->> 'url'))
  ) as s (spelling)
  cross join lateral (values (s.spelling), (regexp_replace(s.spelling, '[-{}\s]', '', 'g'))) as t (text)
  cross join lateral (
    select replace(m.found[1], '-', '')
    from regexp_matches(t.text, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') as m (found)
    union all
    -- Digits that other text runs into, which may be digits of the same kind: "uuid" ends with one.
    select unnest(array[left(m.found[1], 32), right(m.found[1], 32)])
    from regexp_matches(t.text, '[0-9a-f]{32,}', 'g') as m (found)
  ) as f (digits)
$$;

revoke execute on function private.file_ids(jsonb) from public;

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
cross join lateral private.file_ids(d.attachments) as f (id)
on conflict do nothing;
