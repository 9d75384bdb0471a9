-- Refuse a message over the limit; p_reset_at is when the next one is accepted.
create or replace function private.refuse_send(p_reset_at timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  seconds integer := greatest(1, ceil(extract(epoch from p_reset_at - clock_timestamp())));
begin
  perform private.refuse('PT429', 'RATE_LIMITED',
    format('Rate limit exceeded. Try again in %s seconds.', seconds),
    jsonb_build_object('limit', 10, 'remaining', 0, 'reset_at', p_reset_at, 'retry_after', seconds));
end
$$;

revoke execute on function private.refuse_send(timestamptz) from public;
