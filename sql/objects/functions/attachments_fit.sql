-- Whether a new message may have these attachments: they are valid, have only the plan's keys, ids of up to 100
-- characters, and take at most 16 kB together. Five ordinary files take about 1 kB.
create or replace function private.attachments_fit(p_attachments jsonb)
returns boolean
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    -- Detects excessive sizes without converting to text, which takes a second for 100 MB.
    when pg_column_size(p_attachments) > 65536 then false
    when octet_length(p_attachments::text) > 16384 then false
    when not private.valid_attachments(p_attachments) then false
    else not exists (
      select from jsonb_array_elements(p_attachments) as a (entry)
      where a.entry - array['id', 'name', 'type', 'size', 'url'] <> '{}'
        or char_length(a.entry ->> 'id') not between 1 and 100
    )
  end
$$;

revoke execute on function private.attachments_fit(jsonb) from public;
grant execute on function private.attachments_fit(jsonb) to authenticated, service_role;
