-- The event triggers of a hosted project. Some notify PostgREST of every change of the schema; the others handle the
-- creation of extensions that the embedded server does not have.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));

create or replace function extensions.pgrst_ddl_watch()
returns event_trigger
language plpgsql
as $$
begin
  -- The API does not serve temporary objects.
  if exists (
    select from pg_catalog.pg_event_trigger_ddl_commands() as done where done.schema_name is distinct from 'pg_temp'
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

create or replace function extensions.pgrst_drop_watch()
returns event_trigger
language plpgsql
as $$
begin
  if exists (select from pg_catalog.pg_event_trigger_dropped_objects() as dropped where not dropped.is_temporary) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

do $$
declare
  each record;
begin
  for each in
    select t.name, t.event, t.function, t.tag
    from (
      values
        ('graphql_watch_ddl', 'ddl_command_end', 'graphql.increment_schema_version', null),
        ('graphql_watch_drop', 'sql_drop', 'graphql.increment_schema_version', null),
        ('issue_graphql_placeholder', 'sql_drop', 'extensions.set_graphql_placeholder', 'DROP EXTENSION'),
        ('issue_pg_cron_access', 'ddl_command_end', 'extensions.grant_pg_cron_access', 'CREATE EXTENSION'),
        ('issue_pg_graphql_access', 'ddl_command_end', 'extensions.grant_pg_graphql_access', 'CREATE FUNCTION'),
        ('issue_pg_net_access', 'ddl_command_end', 'extensions.grant_pg_net_access', 'CREATE EXTENSION'),
        ('pgrst_ddl_watch', 'ddl_command_end', 'extensions.pgrst_ddl_watch', null),
        ('pgrst_drop_watch', 'sql_drop', 'extensions.pgrst_drop_watch', null)
    ) as t (name, event, function, tag)
  loop
    if each.tag is not null then
      execute format(
        'create or replace function %s() returns event_trigger language plpgsql as %L', each.function, 'begin end'
      );
    end if;
    if not exists (select from pg_catalog.pg_event_trigger e where e.evtname = each.name) then
      execute format(
        'create event trigger %I on %s %s execute function %s()',
        each.name, each.event, 'when tag in (' || quote_literal(each.tag) || ')', each.function
      );
    end if;
  end loop;
end
$$;
