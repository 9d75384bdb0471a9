-- Count p_amount of an action against its limit, or refuse it. The user's turn is held (take_turn), so no number of
-- parallel sessions gets past the limit. Writes within the same sixtieth of the window share one entry, with the time of
-- the last one, so the number of entries is bounded; the limit can be stricter by that sixtieth.
create or replace function private.count_against_limit(p_user_id uuid, p_action text, p_amount bigint default 1)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  moment timestamptz := clock_timestamp();
  rule private.limits;
  times timestamptz[];
  amounts bigint[];
  used bigint;
  size integer;
  tick numeric;
begin
  select l.* into strict rule from private.limits l where l.action = p_action;
  tick := extract(epoch from rule.per) / 60;
  select coalesce(array_agg(e.at), '{}'), coalesce(array_agg(e.amount), '{}'), coalesce(sum(e.amount), 0)
  into times, amounts, used
  from private.action_windows w
  cross join lateral private.window_entries(w.at, w.amount, moment, rule.per) as e
  where w.user_id = p_user_id and w.action = p_action;

  if p_amount > rule.allowed then
    perform private.refuse('PT400', 'VALIDATION_ERROR', format('At most %s at a time', rule.allowed),
      jsonb_build_object('action', p_action, 'maximum', rule.allowed));
  elsif used + p_amount > rule.allowed then
    perform private.refuse_limited(p_action, rule.allowed, greatest(rule.allowed - used, 0), coalesce(
      (
        -- The first entry after whose expiry the later entries leave enough room.
        select min(e.at) + rule.per
        from (
          select t.at, sum(t.amount) over (order by t.place desc) - t.amount as later
          from unnest(times, amounts) with ordinality as t (at, amount, place)
        ) as e
        where e.later + p_amount <= rule.allowed
      ),
      moment + rule.per
    ));
  end if;
  size := cardinality(times);
  if size > 0 and floor(extract(epoch from times[size]) / tick) = floor(extract(epoch from moment) / tick) then
    times[size] := moment;
    amounts[size] := amounts[size] + p_amount;
  else
    times := times || moment;
    amounts := amounts || p_amount;
  end if;
  update private.action_windows w
  set at = times, amount = amounts
  where w.user_id = p_user_id and w.action = p_action;
  if not found then
    -- Nothing is counted for a user without a profile; the policies refuse their writes.
    insert into private.action_windows (user_id, action, at, amount)
    select u.id, p_action, times, amounts from public.user_profiles u where u.id = p_user_id;
  end if;
end
$$;

-- Refuse an action whose limit is used up, without taking a lock and before waiting for a turn. In all other cases,
-- count_against_limit decides.
create or replace function private.refuse_spent(p_user_id uuid, p_action text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  spent record;
begin
  select l.allowed, l.per, sum(e.amount) as used, min(e.at) as first
  into spent
  from private.limits l
  join private.action_windows w on w.user_id = p_user_id and w.action = l.action
  cross join lateral private.window_entries(w.at, w.amount, clock_timestamp(), l.per) as e
  where l.action = p_action
  group by l.allowed, l.per;
  if spent.used >= spent.allowed then
    perform private.refuse_limited(p_action, spent.allowed, 0, spent.first + spent.per);
  end if;
end
$$;

revoke execute on function private.count_against_limit(uuid, text, bigint) from public;
revoke execute on function private.refuse_spent(uuid, text) from public;
