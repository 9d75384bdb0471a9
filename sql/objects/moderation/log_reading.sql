-- Write the row of the log for a read, for the functions that log one. The command, the targets and the arguments come
-- from programs: refuse the id or address of any user in them, as in a reason.
--   p_user_ids  whom the read concerns: the reason must not name them
create or replace function private.log_reading(
  p_command text, p_user_ids uuid[], p_targets text[], p_arguments jsonb, p_actor text, p_reason text, p_ticket text,
  p_organization_id uuid default null
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, p_user_ids || private.people_of(p_targets));
  if private.names_people(concat_ws(' ', p_command, array_to_string(p_targets, ' '), p_arguments), '{}') then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'The command, its targets and its arguments must not contain the id or address of a person: the log is never changed');
  end if;
  return private.log_act(
    'read', case when p_targets = '{}' then array['messages:all'] else p_targets end,
    p_actor, p_reason, p_ticket, p_organization_id, jsonb_build_object('command', p_command, 'arguments', p_arguments)
  );
end
$$;

revoke execute on function private.log_reading(text, uuid[], text[], jsonb, text, text, text, uuid) from public;
