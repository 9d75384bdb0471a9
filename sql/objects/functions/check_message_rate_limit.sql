-- How many messages the caller may still send (10 in 60 seconds, unless an operator has lowered the limit).
--   reset_at     when the next message is accepted; while some remain, when the oldest counted message leaves the window
--   retry_after  seconds until a message is accepted; 0 means now
create or replace function public.check_message_rate_limit()
returns table (allowed boolean, "limit" integer, remaining integer, reset_at timestamptz, retry_after integer)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  moment timestamptz := clock_timestamp();
  rule private.limits;
  counted timestamptz[];
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to ask for a limit', hint = 'FORBIDDEN';
  end if;
  select l.* into strict rule from private.limits l where l.action = 'message';
  counted := array(
    select e.at
    from private.send_windows w
    cross join lateral private.window_entries(w.sent_at, null, moment, rule.per) as e
    where w.user_id = caller
  );
  "limit" := rule.allowed;
  remaining := greatest("limit" - cardinality(counted), 0);
  allowed := remaining > 0;
  reset_at := coalesce(counted[greatest(cardinality(counted) - "limit" + 1, 1)] + rule.per, moment);
  retry_after := case
    when allowed then 0
    else greatest(1, ceil(extract(epoch from reset_at - clock_timestamp()))::integer)
  end;
  return next;
end
$$;

revoke execute on function public.check_message_rate_limit() from public, anon;
grant execute on function public.check_message_rate_limit() to authenticated, service_role;
