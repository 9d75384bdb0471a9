-- Of the writes in a window those that count at a moment, oldest first: in the time that the limit looks back to. And
-- those as far ahead, after the clock was set back; what lies further ahead would refuse somebody until the clock is
-- there again.
--   p_at, p_amount  when, and how much; no amounts: each counts once
create or replace function private.window_entries(
  p_at timestamptz[], p_amount bigint[], p_now timestamptz, p_per interval
)
returns table (at timestamptz, amount bigint)
language sql immutable
set search_path = ''
as $$
  select e.at, coalesce(e.amount, 1)
  from unnest(p_at, p_amount) as e (at, amount)
  where e.at between p_now - p_per and p_now + p_per
  order by e.at
$$;

revoke execute on function private.window_entries(timestamptz[], bigint[], timestamptz, interval) from public;
