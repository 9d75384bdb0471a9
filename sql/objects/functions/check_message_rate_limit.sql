-- How much of the limit of 10 messages in 60 seconds the caller has left.
--   reset_at     when the next message is accepted; while some remain, when the oldest counted one is forgotten
--   retry_after  seconds until a message is accepted; 0 = at once
create or replace function public.check_message_rate_limit()
returns table (allowed boolean, "limit" integer, remaining integer, reset_at timestamptz, retry_after integer)
language plpgsql stable security definer
set search_path = ''
as $$
declare
  caller uuid := private.current_user_id();
  counted timestamptz[];
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to ask for a limit', hint = 'FORBIDDEN';
  end if;
  select array_agg(s.at order by s.at) into counted
  from private.send_windows w
  cross join lateral unnest(w.sent_at) as s (at)
  where w.user_id = caller and s.at >= clock_timestamp() - interval '60 seconds';
  "limit" := 10;
  remaining := "limit" - coalesce(cardinality(counted), 0);
  allowed := remaining > 0;
  reset_at := coalesce(counted[1] + interval '60 seconds', clock_timestamp());
  retry_after := case
    when allowed then 0
    else greatest(1, ceil(extract(epoch from reset_at - clock_timestamp()))::integer)
  end;
  return next;
end
$$;

revoke execute on function public.check_message_rate_limit() from public, anon;
grant execute on function public.check_message_rate_limit() to authenticated, service_role;
