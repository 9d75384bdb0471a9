-- The files that attachments name: every uuid in an id or a url, since the names of objects begin with one. However it is
-- written: percent-encoded (once or several times), in capitals or fullwidth digits, without hyphens, with invisible
-- characters. A uuid too many hides nothing that somebody else has uploaded. It is part of deleting a message, so it
-- raises for no attachment, and takes time in proportion to its length: normalize sorts marks that follow one another,
-- and gets 64 characters at a time. 20261129090500_hidden_files.sql has the same for messages that were deleted before.
create or replace function private.file_ids(p_attachments jsonb)
returns setof text
language sql immutable
set search_path = ''
as $$
  select distinct regexp_replace(f.digits, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')
  from jsonb_array_elements(case jsonb_typeof(p_attachments) when 'array' then p_attachments else '[]' end) as a (entry)
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
$$;

revoke execute on function private.file_ids(jsonb) from public;
