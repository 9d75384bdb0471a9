-- Check deferred constraints, as at the end of a transaction, then restore the initial mode of each constraint.
-- By name: after `set constraints all`, a constraint created later in the transaction would not be deferred.
-- A constraint with the same name as one that is not deferrable is checked at the end of the transaction.
do $$
declare
  names text;
  deferred_names text;
begin
  select string_agg(named.name, ', '), string_agg(named.name, ', ') filter (where named.deferred)
  into names, deferred_names
  from (
    select format('%I.%I', n.nspname, c.conname) as name, bool_or(c.condeferred) as deferred
    from pg_catalog.pg_constraint c
    join pg_catalog.pg_namespace n on n.oid = c.connamespace
    where not pg_catalog.pg_is_other_temp_schema(n.oid) and pg_catalog.has_schema_privilege(n.oid, 'usage')
    group by n.nspname, c.conname
    having bool_and(c.condeferrable)
  ) as named;
  if names is not null then
    execute 'set constraints ' || names || ' immediate';
  end if;
  if deferred_names is not null then
    execute 'set constraints ' || deferred_names || ' deferred';
  end if;
end
$$;
