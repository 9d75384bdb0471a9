-- The ids of the files that attachments refer to: every uuid in an id or a url, because object names begin with one. An
-- extra uuid hides no file that somebody else uploaded. Runs when a message is deleted, so it never raises.
create or replace function private.file_ids(p_attachments jsonb)
returns setof text
language sql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
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
    -- Digits may follow other text without a separator, and that text may end with a hexadecimal digit, as "uuid" does.
    select unnest(array[left(m.found[1], 32), right(m.found[1], 32)])
    from regexp_matches(t.text, '[0-9a-f]{32,}', 'g') as m (found)
  ) as f (digits)
$$;

revoke execute on function private.file_ids(jsonb) from public;
