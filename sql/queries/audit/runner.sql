-- The function that tries the probes of one statement, each as its identity and each undone: what came back, or with
-- which SQLSTATE it was refused. {function} and {statement} are filled in; the statement takes its values from
-- probe.args and ends, where it returns something, in `into brought` (one text[]).
--
-- A subtransaction per probe, ended by an exception in every case: that takes back what the statement wrote, the role
-- and the claims, while the variables keep what was seen. A function per statement, not EXECUTE, since planning costs
-- more than all the rest: the plan is kept, for each role.
--   p_claimed  boolean  whose claims: false = identities without any, before the setting was ever made
create function {function}(p_claimed boolean)
returns table (n integer, state text, message text, brought text[], changed bigint, holds boolean)
language plpgsql
as $probe$
#variable_conflict use_column
declare
  probe record;
begin
  for probe in
    select p.n, p.identity, i.role, p.args, p.holds, i.claims
    from chatctl_audit.probes p
    join chatctl_audit.identities i on i.position = p.identity
    where p.statement = {number} and (i.claims is not null) = p_claimed
    order by i.role, p.n
  loop
    n := probe.n;
    brought := null;
    changed := null;
    holds := null;
    begin
      if probe.claims is not null then
        perform set_config('request.jwt.claims', probe.claims, true);
      end if;
      perform set_config('search_path', 'public, extensions', true);
      perform set_config('role', probe.role, true);
      if current_user <> probe.role or current_setting('row_security') <> 'on' then
        raise exception 'the probe does not run as %', probe.role using errcode = 'AUDIT';
      end if;
      {statement};
      get diagnostics changed = row_count;
      if probe.holds is not null then
        perform set_config('role', 'none', true);
        perform set_config('search_path', 'chatctl_audit, public, extensions', true);
        execute probe.holds into holds using probe.identity;
      end if;
      raise exception 'undone' using errcode = 'UNDO0';
    exception when others then
      get stacked diagnostics state = returned_sqlstate, message = message_text;
      if state = 'UNDO0' then
        state := '00000';
        message := null;
      end if;
    end;
    return next;
  end loop;
end
$probe$;
