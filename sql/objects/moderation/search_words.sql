-- The words of a text, as `message search` compares them: lower case, no stemming. Symbols, emoji and the letters of
-- languages without spaces between words are words of their own; so is punctuation that some databases take for letters.
--
-- The index that `message index create` builds is on this very expression, so a change of it needs a new index. It has no
-- `set search_path = ''`, which would keep PostgreSQL from inlining it: all names are qualified.
create or replace function moderation.search_words(p_text text)
returns tsvector
language sql immutable parallel safe
return pg_catalog.to_tsvector('pg_catalog.simple', pg_catalog.regexp_replace(
  p_text,
  '[\u00a0-\u00bf\u0e00-\u109f\u1780-\u17ff\u2000-\u2bff\u3000-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]',
  ' \& ', 'g'
));

-- What a message must contain to match a text that is searched for: all these words (null if the text has none, as "?!"),
-- and all these parts in upper or lower case. A run of letters without spaces is a part as a whole.
create or replace function moderation.search_terms(p_text text)
returns table (words tsquery, parts text[])
language sql stable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  with cleaned as (
    select regexp_replace(
      p_text, '[\u00a0-\u00bf\u2000-\u206f\u3000-\u3004\u3008-\u3020\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]', ' ', 'g'
    ) as text
  ),
  runs as (
    select lower(r.run[1]) as run
    from cleaned c
    cross join regexp_matches(
      c.text,
      '[\u0e00-\u109f\u1780-\u17ff\u2070-\u2bff\u3005-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]+', 'g'
    ) as r (run)
  ),
  words as (
    select w.word from cleaned c cross join unnest(tsvector_to_array(moderation.search_words(c.text))) as w (word)
  )
  select
    (select string_agg('''' || replace(replace(w.word, '\', '\\'), '''', '''''') || '''', ' & ')::tsquery from words w),
    case when exists (select from words) then array(
      select w.word from words w where not exists (select from runs r where strpos(r.run, w.word) > 0)
      union
      select r.run from runs r
      order by 1
    ) else array[btrim(p_text)] end
$$;

revoke execute on function moderation.search_words(text) from public;
revoke execute on function moderation.search_terms(text) from public;
