-- Refuse another message of somebody whose last messages were accepted at the times p_sent (the last ten are kept).
create or replace function private.refuse_full_window(p_sent timestamptz[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  moment timestamptz := clock_timestamp();
  rule private.limits;
  counted timestamptz[];
begin
  select l.* into strict rule from private.limits l where l.action = 'message';
  if coalesce(cardinality(p_sent), 0) < rule.allowed
    or p_sent[cardinality(p_sent) - rule.allowed + 1] < moment - rule.per
  then
    return; -- the usual case: fewer messages than the limit within the period
  end if;
  counted := array(select e.at from private.window_entries(p_sent, null, moment, rule.per) as e);
  if cardinality(counted) >= rule.allowed then
    perform private.refuse_limited(
      'message', rule.allowed, 0, counted[cardinality(counted) - rule.allowed + 1] + rule.per
    );
  end if;
end
$$;

revoke execute on function private.refuse_full_window(timestamptz[]) from public;
