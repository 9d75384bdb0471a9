-- What is kept of the moment up to which somebody says to have read: not beyond the conversation's own time, which is
-- that of its last change and ahead of the clock after the clock was set back. Then "now" means all there is, as it does
-- otherwise: what a client says of the time is as right as its clock, by about a minute. Nothing, if its clock is so wrong
-- that it says a time before there was chat, which the constraint on last_read_at does not take.
create or replace function private.reading_moment(p_conversation_id uuid, p_read_at timestamptz)
returns timestamptz
language plpgsql
set search_path = ''
as $$
declare
  moment timestamptz := clock_timestamp();
  latest timestamptz;
begin
  if p_read_at < '2000-01-01 00:00:00Z' then
    return null;
  elsif p_read_at < moment - interval '1 minute' then
    return p_read_at;
  end if;
  select c.updated_at into latest from public.conversations c where c.id = p_conversation_id;
  if latest > moment + interval '1 second' and p_read_at < moment + interval '1 minute' then
    return latest;
  elsif p_read_at > moment then
    return least(p_read_at, greatest(moment, latest));
  end if;
  return p_read_at;
end
$$;

revoke execute on function private.reading_moment(uuid, timestamptz) from public;
