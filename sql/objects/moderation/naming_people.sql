-- How people are found in texts: in reasons, which must not name them, and in messages that erase_user anonymizes.

-- A regular expression for a name or an address in a text, to match without regard to case. Names with letters outside
-- ASCII are found inside words, because many of their scripts have no spaces.
create or replace function private.name_pattern(p_name text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  select case
    when n.name is null or n.name = '' then null
    when octet_length(n.name) > char_length(n.name) then n.pattern
    else private.word_pattern(n.pattern)
  end
  from (
    select
      t.name,
      regexp_replace(
        regexp_replace(t.name, '([^[:alnum:][:space:]])', '\\\1', 'g'), '\s+', '\\s+', 'g'
      ) as pattern
    from (select regexp_replace(p_name, '^\s+|\s+$', '', 'g') as name) as t
  ) as n
$$;

-- The same for the id of a user.
create or replace function private.id_pattern(p_user_id uuid)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select private.word_pattern(replace(p_user_id::text, '-', '-?'))
$$;

-- A pattern between characters that are no digits or Latin letters.
create or replace function private.word_pattern(p_pattern text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  select '(?<![0-9a-zA-Z\u00c0-\u024f])(?:' || p_pattern || ')(?![0-9a-zA-Z\u00c0-\u024f])'
$$;

-- Whether a name is long enough to be looked for in reasons: shorter ones are part of ordinary words.
create or replace function private.is_telling_name(p_name text)
returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  select char_length(n.name) >= case when octet_length(n.name) > char_length(n.name) then 2 else 4 end
  from (select normalize(regexp_replace(p_name, '^\s+|\s+$', '', 'g'), nfc) as name) as n
$$;

-- Whether a text contains the id or address of any user, or the name of one of these. Only a text that contains something
-- like an address reads all users.
create or replace function private.names_people(p_text text, p_user_ids uuid[])
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
      select
      from regexp_matches(p_text, private.word_pattern('[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}'), 'gi') as m
      join public.user_profiles u on u.id = m[1]::uuid
    )
    or strpos(p_text, '@') > 0 and exists (
      select from public.user_profiles u
      where u.email <> '' and strpos(lower(p_text), lower(btrim(u.email))) > 0 and p_text ~* private.name_pattern(u.email)
    )
    or exists (
      select from public.user_profiles u
      where u.id = any (p_user_ids) and private.is_telling_name(u.full_name) and p_text ~* private.name_pattern(u.full_name)
    )
$$;

-- The people whom a reason about these targets of the log must not name: who takes part in a conversation, and the sender
-- of a message.
create or replace function private.people_of(p_targets text[])
returns uuid[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with targets as (
    select split_part(t.target, ':', 1) as type, substr(t.target, strpos(t.target, ':') + 1)::uuid as id
    from unnest(p_targets) as t (target)
    where t.target ~ '^(conversation|message):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  )
  select array(
    select p.user_id
    from targets t join public.conversation_participants p on p.conversation_id = t.id
    where t.type = 'conversation'
    union
    select m.sender_id from targets t join public.messages m on m.id = t.id where t.type = 'message'
  )
$$;

revoke execute on function private.name_pattern(text) from public;
revoke execute on function private.id_pattern(uuid) from public;
revoke execute on function private.word_pattern(text) from public;
revoke execute on function private.is_telling_name(text) from public;
revoke execute on function private.names_people(text, uuid[]) from public;
revoke execute on function private.people_of(text[]) from public;
