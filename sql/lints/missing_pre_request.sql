-- PostgREST calls chat_hooks.before_request before each request, where that function exists.
-- level: warning
-- The function limits how long a write through the API may take; without it, a single client can lock a conversation
-- for 8 seconds at a time. The function that PostgREST calls is a setting of its login role, in this database or in
-- all. Another function is accepted if its source contains the name of ours. Does not read PostgREST's configuration
-- file or environment. The embedded server has no PostgREST; it is recognized by its event trigger, and reported under
-- a separate name.
with setting as (
  select s.setdatabase, split_part(each, '=', 2) as calls
  from pg_catalog.pg_db_role_setting s
  cross join lateral unnest(s.setconfig) as each
  where s.setrole = (select r.oid from pg_catalog.pg_roles r where r.rolname = 'authenticator')
    and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
    and split_part(each, '=', 1) = 'pgrst.db_pre_request'
),
-- As in PostgREST, a setting for this database overrides one for all databases.
request as (
  select nullif((select s.calls from setting s order by s.setdatabase desc limit 1), '') as calls
)
select
  'authenticator' || case
    when exists (select from pg_catalog.pg_event_trigger t where t.evtname = 'platform_refuse_commands')
      then ' of the embedded server'
    else ''
  end as object,
  case
    when request.calls is null
      then 'PostgREST calls nothing before a request, so chat_hooks.before_request does not limit writes'
    else format('PostgREST calls %s before a request, so chat_hooks.before_request does not limit writes', request.calls)
  end as problem,
  case
    when request.calls is null then 'as a role that can alter authenticator: alter role authenticator '
      || 'set pgrst.db_pre_request = ''chat_hooks.before_request''; notify pgrst, ''reload config'''
    else format('call chat_hooks.before_request() in %s', request.calls)
  end as remedy
from request
where exists (select from pg_catalog.pg_roles r where r.rolname = 'authenticator')
  and exists (
    select from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'chat_hooks' and p.proname = 'before_request'
  )
  and request.calls is distinct from 'chat_hooks.before_request'
  and not exists (
    select from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where request.calls in (p.proname, format('%s.%s', n.nspname, p.proname))
      and position('chat_hooks.before_request' in p.prosrc) > 0
  )
order by object
