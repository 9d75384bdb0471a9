-- The function that runs the probes of one statement, each as its identity, and undoes each. It returns their results
-- or the SQLSTATE of their errors. {function} and {statement} are filled in; the statement takes its values from
-- probe.args and, if it returns anything, ends in `into brought` (one text[]). {claims} is the setting for the claims
-- of the token, {path} the search path of the API, {conditions} that of conditions, {deferred} the statement that
-- checks deferred constraints, if there are any.
--
-- Each probe runs in a subtransaction that always ends with an exception: this rolls back the rows, the role and the
-- claims, while the variables keep the results. There is a function per statement instead of EXECUTE, because planning
-- takes longer than everything else, and a function keeps its plan for each role.
--   p_batch    integer  the batch of probes
--   p_claimed  boolean  false = only identities without claims, before the setting is first used
--   p_only     integer  the number of a single probe; null = all
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
    exception when others or assert_failure then -- all but a statement that is canceled
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
