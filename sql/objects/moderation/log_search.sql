-- Log that an operator is about to search messages. Commit it before the search.
--   p_command    what was asked for, for example 'message search'
--   p_arguments  the filters, without the text that is searched for; no user is named in them
create or replace function moderation.log_search(
  p_command text, p_organization_id uuid, p_conversation_id uuid, p_sender_id uuid, p_arguments jsonb,
  p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  targets text[] := array_remove(array[
    'organization:' || p_organization_id,
    'conversation:' || p_conversation_id,
    case when p_sender_id is not null then private.log_pseudonym(p_sender_id) end
  ], null);
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, p_sender_id || private.people_of(targets));
  return private.log_act(
    'read', case when targets = '{}' then array['messages:all'] else targets end,
    p_actor, p_reason, p_ticket, p_organization_id,
    jsonb_build_object('command', p_command, 'arguments', p_arguments)
  );
end
$$;

revoke execute on function moderation.log_search(text, uuid, uuid, uuid, jsonb, text, text, text) from public;
