-- Refuse to let the creator add somebody to a group that they left recently of their own accord. A waiting time and not
-- an invitation, because the plan's clients have no way to accept one.
create or replace function private.refuse_return(p_conversation_id uuid, p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  rule private.limits;
  departures timestamptz[];
begin
  select l.* into strict rule from private.limits l where l.action = 'return';
  departures := array(
    select e.at
    from private.departures d
    cross join lateral private.window_entries(d.left_at, null, clock_timestamp(), rule.per) as e
    where d.conversation_id = p_conversation_id and d.user_id = p_user_id
  );
  if cardinality(departures) >= rule.allowed then
    perform private.refuse_limited(
      'return', rule.allowed, 0, departures[cardinality(departures) - rule.allowed + 1] + rule.per,
      'This person has left the group, and can be added again later'
    );
  end if;
end
$$;

revoke execute on function private.refuse_return(uuid, uuid) from public;
