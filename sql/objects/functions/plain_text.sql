-- A text reduced to lower-case ASCII letters, digits and punctuation, however they are written: percent-encoded (even
-- repeatedly), fullwidth, or with invisible characters in between. Never raises. Looks at the first 16,384 characters.
create or replace function private.plain_text(p_text text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
declare
  plain text := left(p_text, 16384);
begin
  if plain ~ '%' then
    plain := regexp_replace(plain, '%(25)+', '%', 'g');
    -- Fullwidth digits and letters in UTF-8; all other characters outside ASCII are removed.
    plain := regexp_replace(plain, '%ef%bc%9([0-9])', '\1', 'gi');
    plain := regexp_replace(plain, '%ef%b(?:c%a|d%8)([1-6])', '%6\1', 'gi');
    plain := regexp_replace(plain, '%[89a-f][0-9a-f]', '', 'gi');
    -- The digits, letters and hyphens of a uuid; other ASCII characters are separators.
    plain := regexp_replace(plain, '%3([0-9])', '\1', 'g');
    for letter in 1 .. 6 loop
      plain := regexp_replace(plain, format('%%[46]%s', letter), chr(96 + letter), 'g');
    end loop;
    plain := regexp_replace(plain, '%2d', '-', 'gi');
    plain := regexp_replace(plain, '%[0-7][0-9a-f]', ' ', 'gi');
  end if;
  if plain !~ '^[ -~]*$' then
    -- 64 characters at a time, because normalize sorts consecutive combining marks.
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
