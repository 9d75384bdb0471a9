-- Refuse a write that exceeds a limit.
--   p_remaining  how much is left, less than was requested
--   p_reset_at   when the requested amount is available
--   p_message    the message for the user; null: the plan's
create or replace function private.refuse_limited(
  p_action text, p_allowed bigint, p_remaining bigint, p_reset_at timestamptz, p_message text default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  seconds integer := greatest(1, ceil(extract(epoch from p_reset_at - clock_timestamp())));
begin
  perform private.refuse('PT429', 'RATE_LIMITED',
    coalesce(p_message, format('Rate limit exceeded. Try again in %s seconds.', seconds)),
    jsonb_build_object(
      'action', p_action, 'limit', p_allowed, 'remaining', p_remaining,
      'reset_at', p_reset_at, 'retry_after', seconds
    ));
end
$$;

revoke execute on function private.refuse_limited(text, bigint, bigint, timestamptz, text) from public;
grant execute on function private.refuse_limited(text, bigint, bigint, timestamptz, text) to authenticated, service_role;
