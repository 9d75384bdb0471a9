-- Log that an operator is about to search messages. Commit it before the search.
--   p_command    what was asked for, for example 'message search'
--   p_arguments  the other filters; no user is named in them
--   p_text       the text, and
--   p_regex      the pattern that is searched for; the log gets their hashes, see private.text_hash. Null: none
create or replace function moderation.log_search(
  p_command text, p_organization_id uuid, p_conversation_id uuid, p_sender_id uuid, p_arguments jsonb,
  p_text text, p_regex text, p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select private.log_reading(
    p_command, array_remove(array[p_sender_id], null),
    array_remove(array[
      'organization:' || p_organization_id,
      'conversation:' || p_conversation_id,
      case when p_sender_id is not null then private.log_pseudonym(p_sender_id) end
    ], null),
    p_arguments || jsonb_strip_nulls(jsonb_build_object(
      'text', private.text_hash(p_text), 'regex', private.text_hash(p_regex)
    )),
    p_actor, p_reason, p_ticket, p_organization_id
  )
$$;

revoke execute on function moderation.log_search(text, uuid, uuid, uuid, jsonb, text, text, text, text, text) from public;
