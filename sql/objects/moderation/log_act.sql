-- Write a row of the moderation log, for the functions that act. They call it last: the row stays locked until the
-- transaction ends. Returns its id, the action's.
--   p_targets  what was acted upon, for example {message:6f…}; a user by pseudonym, see log_pseudonym
--   p_details  what else describes the action; no text of users, no names and no addresses
create or replace function private.log_act(
  p_action text, p_targets text[], p_actor text, p_reason text, p_ticket text,
  p_organization_id uuid default null, p_details jsonb default '{}', p_job_id uuid default null
)
returns bigint
language sql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  insert into private.moderation_log
    (actor, action, organization_id, target_type, target_id, targets, reason, ticket, details, job_id)
  values (
    p_actor, p_action, p_organization_id, split_part(p_targets[1], ':', 1),
    case when cardinality(p_targets) = 1 then substr(p_targets[1], strpos(p_targets[1], ':') + 1)
      else format('%s items', cardinality(p_targets)) end,
    p_targets, btrim(p_reason, E' \t\r\n'),
    case when p_ticket ~ '\S' then btrim(p_ticket, E' \t\r\n') end, p_details, p_job_id
  )
  returning id
$$;

-- The name of a user in the log.
create or replace function private.log_pseudonym(p_user_id uuid)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  known uuid;
begin
  insert into private.log_pseudonyms (user_id) values (p_user_id) on conflict (user_id) do nothing;
  select p.pseudonym into strict known from private.log_pseudonyms p where p.user_id = p_user_id;
  return 'user:' || known;
end
$$;

-- Refuse an act without an actor or a reason, and a reason that contains the address or id of any user, or the name of one
-- of these: the log cannot forget it when the user is erased.
create or replace function private.require_reason(
  p_actor text, p_reason text, p_ticket text default null, p_user_ids uuid[] default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
begin
  perform private.require_actor(p_actor);
  if coalesce(p_reason, '') !~ '\S' or char_length(p_reason) > 1000 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'An act needs a reason of 1 to 1,000 characters');
  elsif char_length(p_ticket) > 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A ticket has at most 200 characters');
  end if;
  if private.names_people(concat_ws(' ', p_reason, p_ticket), p_user_ids) then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'The reason and the ticket must not contain the id, address or name of a person: the log is never changed');
  end if;
end
$$;

create or replace function private.require_actor(p_actor text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
begin
  if coalesce(p_actor, '') !~ '\S' or char_length(p_actor) > 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'An act needs an actor: a name of 1 to 200 characters');
  end if;
end
$$;

-- A hash that only somebody with the key can compute, so that nobody who reads the log can guess what was hashed.
create or replace function private.keyed_hash(p_values jsonb)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select encode(sha256(k.key || sha256(k.key || convert_to(p_values::text, 'UTF8'))), 'hex')
  from private.moderation_key k
$$;

-- The hash of removed content. Null for no content.
create or replace function private.content_hash(p_message_id uuid, p_content text, p_attachments jsonb)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case when p_content is not null or p_attachments is not null then
    private.keyed_hash(jsonb_build_array(p_message_id, p_content, p_attachments))
  end
$$;

-- The hash of a text that was searched for. Null for no text.
create or replace function private.text_hash(p_text text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case when p_text is not null then private.keyed_hash(jsonb_build_array(p_text)) end
$$;

revoke execute on function private.log_act(text, text[], text, text, text, uuid, jsonb, uuid) from public;
revoke execute on function private.log_pseudonym(uuid) from public;
revoke execute on function private.require_reason(text, text, text, uuid[]) from public;
revoke execute on function private.keyed_hash(jsonb) from public;
revoke execute on function private.require_actor(text) from public;
revoke execute on function private.content_hash(uuid, text, jsonb) from public;
revoke execute on function private.text_hash(text) from public;
