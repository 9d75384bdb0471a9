-- The function that tries the probes of one statement, each as its identity and each undone: what came back, or with
-- which SQLSTATE it was refused. {function} and {statement} are filled in; the statement takes its values from
-- probe.args and ends, where it returns something, in `into brought` (one text[]). {claims} is the setting of the
-- token's claims, {path} the search path of the API, {conditions} that of conditions, {deferred} what has deferred constraints checked, where there are any.
--
-- A subtransaction per probe, ended by an exception in every case: that takes back what the statement wrote, the role
-- and the claims, while the variables keep what was seen. A function per statement, not EXECUTE, since planning costs
-- more than all the rest: the plan is kept, for each role.
--   p_batch    integer  which probes
--   p_claimed  boolean  whose claims: false = identities without any, before the setting was ever made
--   p_only     integer  which of them; null = all
create function {function}(p_batch integer, p_claimed boolean, p_only integer)
returns table (
  n integer, state text, message text, brought text[], changed bigint, holds boolean, wrote text[]
)
language plpgsql
as $probe$
#variable_conflict use_column
declare
  probe record;
  before bigint[];
  done text; -- an assignment is evaluated at once, where perform is a query
begin
  for probe in
    select p.n, p.identity, i.role, p.args, p.holds, p.counts, i.claims
    from chatctl_audit.probes p
    join chatctl_audit.identities i on i.position = p.identity
    where p.batch = p_batch and p.statement = {number} and (i.claims is not null) = p_claimed
      and (p_only is null or p.n = p_only)
    order by i.role, p.n
  loop
    n := probe.n;
    brought := null;
    changed := null;
    holds := null;
    wrote := null;
    if probe.counts then
      before := chatctl_audit.rows_written();
    end if;
    begin
      if probe.claims is not null then
        done := set_config({claims}, probe.claims, true);
      end if;
      done := set_config('search_path', {path}, true);
      done := set_config('role', probe.role, true);
      if current_user <> probe.role or current_setting('row_security') <> 'on' then
        raise exception 'the probe does not run as %', probe.role using errcode = 'AUDIT';
      end if;
      {statement};
      get diagnostics changed = row_count;
      {deferred};
      if probe.holds is not null or probe.counts then
        done := set_config('role', 'none', true);
        done := set_config('search_path', {conditions}, true);
      end if;
      if probe.counts then
        wrote := chatctl_audit.written_since(before);
      end if;
      if probe.holds is not null then
        execute probe.holds into holds using probe.identity;
      end if;
      raise exception 'undone' using errcode = 'UNDO0';
    exception when others or assert_failure then -- all but a statement that is cancelled
      get stacked diagnostics state = returned_sqlstate, message = message_text;
      if state = 'UNDO0' then
        state := '00000';
        message := null;
      end if;
    end;
    return next;
  end loop;
end
$probe$
