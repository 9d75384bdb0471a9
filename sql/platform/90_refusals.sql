-- Refuse to `postgres` what the owners of auth, storage and realtime may do, although it inherits their rights.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));
set local client_min_messages = warning; -- "already exists, skipping" is the normal case here

-- `postgres` inherits the rights of the owners of auth, storage and realtime because it needs them for policies
-- (10_roles.sql). Everything else that owners may do is refused here, with PostgreSQL's messages. Operations that hosted
-- projects allow remain allowed: policies, creating and dropping triggers, reading and writing. Event triggers do not
-- learn the grantees of a grant, nor about `reassign owned`, so these are not refused.

create or replace function extensions.refuse_platform_commands()
returns event_trigger
language plpgsql
set search_path = ''
as $$
declare
  refused record;
begin
  if current_user in ('supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin')
    or exists (select from pg_catalog.pg_roles where rolname = current_user and rolsuper)
  then
    return;
  end if;

  -- A rule, a publication entry or an altered trigger of a table counts as altering the table.
  select done.command_tag, done.object_type, class.relname, namespace.nspname, done.object_identity
  into refused
  from pg_catalog.pg_event_trigger_ddl_commands() as done
  left join pg_catalog.pg_rewrite as rule
    on done.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and rule.oid = done.objid
  left join pg_catalog.pg_publication_rel as entry
    on done.classid = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass and entry.oid = done.objid
  left join pg_catalog.pg_trigger as trigger
    on done.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and trigger.oid = done.objid
      and done.command_tag = 'ALTER TRIGGER'
  left join pg_catalog.pg_index as index
    on done.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and index.indexrelid = done.objid
  left join pg_catalog.pg_class as class
    on class.oid = coalesce(
      rule.ev_class, entry.prrelid, trigger.tgrelid, index.indrelid,
      case when done.classid = 'pg_catalog.pg_class'::pg_catalog.regclass then done.objid end
    )
  left join pg_catalog.pg_namespace as namespace
    on namespace.oid = class.relnamespace or (class.oid is null and namespace.nspname = done.schema_name)
  where namespace.nspname in ('auth', 'storage', 'realtime')
    -- Supabase has no views there: the owner of a view that a superuser has given away may alter it.
    and (class.relkind is distinct from 'v' or done.command_tag like 'CREATE %')
  limit 1;

  if not found then
    return;
  end if;
  if refused.command_tag like 'CREATE %' and refused.command_tag not in ('CREATE INDEX', 'CREATE RULE') then
    raise exception using errcode = '42501', message = format('permission denied for schema %s', refused.nspname);
  end if;
  raise exception using errcode = '42501', message = case
    when refused.relname is null then format('must be owner of %s %s', refused.object_type, refused.object_identity)
    else format('must be owner of table %s', refused.relname)
  end;
end
$$;

create or replace function extensions.refuse_platform_drops()
returns event_trigger
language plpgsql
set search_path = ''
as $$
declare
  refused record;
begin
  if current_user in ('supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin')
    or exists (select from pg_catalog.pg_roles where rolname = current_user and rolsuper)
  then
    return;
  end if;

  -- Columns and constraints are reported under the name of their table, functions under their signature.
  select
    case
      when dropped.object_type ~ '^table |^default ' then 'table ' || dropped.address_names[2]
      else dropped.object_type || ' ' || coalesce(dropped.object_name, dropped.object_identity)
    end as what
  into refused
  from pg_catalog.pg_event_trigger_dropped_objects() as dropped
  where dropped.schema_name in ('auth', 'storage', 'realtime')
    and dropped.object_type not in ('policy', 'trigger')
  order by dropped.original desc
  limit 1;

  if found then
    raise exception using errcode = '42501', message = 'must be owner of ' || refused.what;
  end if;
end
$$;

do $$
begin
  if not exists (select from pg_catalog.pg_event_trigger where evtname = 'platform_refuse_commands') then
    create event trigger platform_refuse_commands on ddl_command_end execute function extensions.refuse_platform_commands();
  end if;
  if not exists (select from pg_catalog.pg_event_trigger where evtname = 'platform_refuse_drops') then
    create event trigger platform_refuse_drops on sql_drop execute function extensions.refuse_platform_drops();
  end if;
end
$$;
