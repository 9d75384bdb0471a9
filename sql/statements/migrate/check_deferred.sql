-- Check what is deferred, as at the end of a transaction; then each constraint is deferred, or not, as it was made.
-- By name: after `set constraints all` a constraint that is made later in the transaction would not be deferred.
-- What shares its name with a constraint that is not deferrable is checked when the transaction ends.
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
