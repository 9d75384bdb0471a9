-- The files that attachments name, by the uuid that the names of objects begin with: from the id, however it is spelled,
-- and from the url.
create or replace function private.file_ids(p_attachments jsonb)
returns setof text
language sql immutable
set search_path = ''
as $$
  select distinct regexp_replace(h.digits, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')
  from jsonb_array_elements(p_attachments) as a (entry)
  cross join lateral (
    values (a.entry ->> 'id'), (substring(a.entry ->> 'url' from '/([^/_]+)_[^/]*$'))
  ) as s (spelling)
  cross join lateral (select lower(regexp_replace(s.spelling, '[-{}\s]', '', 'g')) as digits) as h
  where h.digits ~ '^[0-9a-f]{32}$'
$$;

revoke execute on function private.file_ids(jsonb) from public;
