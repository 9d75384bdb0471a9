-- The entries of a window that count at a given time, oldest first: those within the limit's period. After the clock was
-- set back, entries up to one period ahead count as well; those further ahead do not, since they would block the user
-- until the clock gets there.
--   p_at, p_amount  when, and how much; without amounts, each counts once
create or replace function private.window_entries(
  p_at timestamptz[], p_amount bigint[], p_now timestamptz, p_per interval
)
returns table (at timestamptz, amount bigint)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select e.at, coalesce(e.amount, 1)
  from unnest(p_at, p_amount) as e (at, amount)
  where e.at between p_now - p_per and p_now + p_per
  order by e.at
$$;

revoke execute on function private.window_entries(timestamptz[], bigint[], timestamptz, interval) from public;
