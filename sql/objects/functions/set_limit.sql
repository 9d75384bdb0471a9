-- Change a limit. The log records who did it and why.
create or replace function private.set_limit(
  p_action text, p_allowed bigint, p_per interval, p_actor text, p_reason text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A limit is changed by somebody, for a reason');
  end if;
  perform set_config('chat.actor', p_actor, true), set_config('chat.reason', p_reason, true);
  update private.limits l set allowed = p_allowed, per = p_per where l.action = p_action;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no limit %s', p_action));
  end if;
  perform set_config('chat.actor', '', true), set_config('chat.reason', '', true);
end
$$;

revoke execute on function private.set_limit(text, bigint, interval, text, text) from public;
