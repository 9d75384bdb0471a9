-- Log that an operator is about to read what users wrote. Commit it before the read.
--   p_command    what was asked for, for example 'conversation show'
--   p_targets    what is read, as far as it is known beforehand: {conversation:6f…}
--   p_arguments  the filters, without the text that was searched for
create or replace function moderation.log_read(
  p_command text, p_targets text[], p_arguments jsonb, p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of(p_targets));
  return private.log_act(
    'read', case when p_targets = '{}' then array['messages:all'] else p_targets end,
    p_actor, p_reason, p_ticket, null, jsonb_build_object('command', p_command, 'arguments', p_arguments)
  );
end
$$;

revoke execute on function moderation.log_read(text, text[], jsonb, text, text, text) from public;
