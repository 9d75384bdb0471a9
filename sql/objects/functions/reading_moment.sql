-- The time to store when a client marks a conversation as read up to p_read_at. Client clocks may be a minute off. After
-- the server's clock was set back, the conversation's last change lies ahead of it; a time of about now then means that
-- change, so that everything is read. A time in the future becomes now. Null for a time before 2000, which the
-- constraint on last_read_at rejects.
create or replace function private.reading_moment(p_conversation_id uuid, p_read_at timestamptz)
returns timestamptz
language plpgsql
set search_path = pg_catalog, pg_temp
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
