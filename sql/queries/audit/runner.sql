-- Run the probes, each as its identity and each undone: what came back, or with which SQLSTATE it was refused.
-- A subtransaction per probe, ended by an exception in every case: that takes back what the statement wrote, the
-- role and the claims, while the variables keep what was seen.
create function chatctl_audit.run_probes()
returns table (n integer, state text, message text, found text[], changed bigint, holds boolean)
language plpgsql
as $$
declare
  probe record;
begin
  for probe in
    select p.n, p.role, p.statement, p.fetches, p.holds, i.claims
    from chatctl_audit.probes p
    join chatctl_audit.identities i on i.position = p.claims_of
    order by i.claims is not null, p.n
  loop
    n := probe.n;
    found := null;
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
      if probe.fetches then
        execute probe.statement into found;
      else
        execute probe.statement;
        get diagnostics changed = row_count;
      end if;
      if probe.holds is not null then
        set local role none;
        execute probe.holds into holds;
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
$$;
