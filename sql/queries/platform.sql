-- The objects of a database that belong to Supabase: those of Supabase's roles in Supabase's schemas, and those of
-- extensions. All of Supabase's names are in this file; in a database without Supabase, only extensions are found.
--
-- Both owner and name decide: an object that `postgres` creates in one of these schemas belongs to the user, and so does a
-- policy on one of these tables. Older and newer projects have fewer or more objects, so nothing here has to exist. An
-- object that is not listed here belongs to Supabase if one of Supabase's roles owns it; privileges that such a role
-- granted on it are expected.
--
-- The results are settings that last until the transaction ends; sql/lints, audit-rls and drift read them:
--   chatctl.platform_roles, _schemas, _relations, _functions, _types, _triggers, _policies, _publications
--                               oids, separated by commas, as in the following settings
--   chatctl.platform_defaults   default privileges: oid of pg_default_acl, space, oid of the grantee
--   chatctl.platform_members    memberships: oid of the member, space, oid of the role
--   chatctl.platform_unguarded  tables that need row-level security to be closed, but where it is disabled
--   chatctl.platform_surplus    privileges on these objects that Supabase did not grant, except those of administrators:
--                               [{"class": "pg_class", "object": oid, "column": name, "grantee": oid, "privilege": text}]
with roles as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname in (
    'supabase_admin', 'supabase_auth_admin', 'supabase_etl_admin', 'supabase_functions_admin', 'supabase_privileged_role',
    'supabase_read_only_user', 'supabase_realtime_admin', 'supabase_replication_admin', 'supabase_storage_admin',
    'supabase_superuser', 'dashboard_user', 'pgbouncer', 'pgsodium_keyholder', 'pgsodium_keyiduser', 'pgsodium_keymaker'
  )
),
-- by_others: which parts may belong to another role, because tools create them: nothing, the schema, its tables, or all.
-- opened: anon and authenticated have USAGE and may call functions.
-- functions: a pattern for the names of all functions; null if Supabase changes them often.
known_schemas (name, by_others, opened, functions) as (
  values
    ('auth', 'nothing', true, 'uid|role|email|jwt'),
    ('storage', 'nothing', true, null),
    ('realtime', 'nothing', true, null),
    (
      'extensions', 'schema', true,
      'grant_pg_(cron|graphql|net)_access|set_graphql_placeholder|pgrst_(ddl|drop)_watch|refuse_platform_(commands|drops)'
    ),
    ('graphql', 'nothing', true, '(_internal_)?resolve|comment_directive|exception|(get|increment)_schema_version'),
    ('graphql_public', 'nothing', true, 'graphql'),
    (
      'net', 'nothing', true,
      'http_(get|post|delete)|_?http_collect_response|_await_response|_urlencode_string|_encode_url_with_params_array'
        || '|check_worker_is_up|worker_restart|wait_until_running|wake'
    ),
    ('supabase_functions', 'nothing', true, 'http_request'),
    ('pgbouncer', 'all', false, 'get_auth'),
    ('vault', 'nothing', false, '(create|update)_secret|_crypto_\w+|secrets_encrypt_\w+'),
    ('supabase_migrations', 'all', false, '-'),
    ('_analytics', 'all', false, null),
    ('_realtime', 'nothing', false, null),
    ('_supavisor', 'all', false, null),
    ('cron', 'tables', false, null),
    ('dbdev', 'tables', false, null),
    ('etl', 'nothing', false, null),
    ('pgmq', 'tables', false, null),
    ('pgsodium', 'nothing', false, null),
    ('pgsodium_masks', 'nothing', false, null),
    ('pgtle', 'tables', false, null),
    ('repack', 'tables', false, null),
    ('supabase_subscription_mgmt', 'nothing', false, null),
    ('tiger', 'tables', false, null),
    ('tiger_data', 'tables', false, null),
    ('topology', 'tables', false, null)
),
-- The privileges of anon and authenticated. guarded: row-level security denies access in spite of them.
known_relations (schema, names, privileges, guarded) as (
  values
    ('storage', 'buckets|objects|buckets_analytics|migrations|prefixes', 'all', true),
    ('storage', 's3_multipart_uploads(_parts)?|iceberg_(namespaces|tables)|buckets_vectors|vector_indexes', 'select', true),
    ('realtime', 'messages', 'select,insert,update', true),
    ('realtime', 'messages_\w+', '', false),
    ('realtime', 'subscription|schema_migrations', 'select', false),
    ('realtime', 'subscription_id_seq', 'usage', false),
    ('net', '_http_response|http_request_queue(_id_seq)?', 'all', false),
    ('supabase_functions', 'migrations|hooks(_id_seq)?', 'all', false),
    ('graphql', 'seq_schema_version', 'all', false),
    ('extensions', 'pg_stat_statements(_info)?', 'select', false),
    ('vault', 'secrets|decrypted_secrets', '', false),
    (
      'auth',
      'users|identities|sessions|refresh_tokens(_id_seq)?|flow_state|audit_log_entries|instances|schema_migrations|mfa_\w+'
        || '|one_time_tokens|sso_\w+|saml_\w+|oauth_\w+|custom_oauth_providers|webauthn_\w+',
      '', false
    )
),
-- The roles whose new tables, sequences and functions are open to anon, authenticated and service_role.
known_defaults (creator, schema) as (
  values
    ('supabase_admin', 'public'), ('supabase_admin', 'graphql'), ('supabase_admin', 'graphql_public'),
    ('supabase_admin', 'storage'), ('supabase_admin', 'supabase_functions'), ('postgres', 'storage')
),
known_policies (schema, relation, name) as (
  values ('cron', 'job', 'cron_job_policy'), ('cron', 'job_run_details', 'cron_job_run_details_policy')
),
known_members (member, role) as (
  values ('authenticator', 'supabase_storage_admin')
),
brought as (
  select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'
),
schemas as (
  select
    n.oid, n.nspname as name, n.nspacl as acl, coalesce(k.by_others, 'tables') as by_others,
    coalesce(k.opened, false) as opened, k.functions
  from pg_catalog.pg_namespace n
  left join known_schemas k on k.name = n.nspname
  where ('pg_catalog.pg_namespace'::regclass, n.oid) in (select b.classid, b.objid from brought b)
    or k.by_others in ('schema', 'all') and exists (select from roles)
    or k.name is not null and (
      n.nspowner in (select r.oid from roles r)
      or exists (select from pg_catalog.pg_extension e where e.extnamespace = n.oid)
    )
),
relations as (
  select
    c.oid, c.relnamespace as schema, s.name || '.' || c.relname as name, c.relkind as kind, c.relacl as acl,
    b.objid is not null as is_brought, k.guarded and not c.relrowsecurity as is_open,
    string_to_array(k.privileges, ',') as privileges
  from pg_catalog.pg_class c
  left join schemas s on s.oid = c.relnamespace
  left join brought b on b.classid = 'pg_catalog.pg_class'::regclass and b.objid = c.oid
  left join known_relations k on k.schema = s.name and c.relname ~ ('^(' || k.names || ')$')
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and (
      b.objid is not null
      or s.oid is not null
        and (
          c.relowner in (select r.oid from roles r)
          or s.by_others in ('tables', 'all') and c.relkind in ('r', 'p', 'S')
        )
    )
),
functions as (
  select
    p.oid, p.pronamespace as schema, p.proowner as owner, p.proacl as acl, b.objid is not null as is_brought,
    -- Nobody can call the function of an event trigger.
    p.prorettype = 'event_trigger'::regtype or coalesce(s.opened and s.by_others = 'nothing', false) as opened
  from pg_catalog.pg_proc p
  left join schemas s on s.oid = p.pronamespace
  left join brought b on b.classid = 'pg_catalog.pg_proc'::regclass and b.objid = p.oid
  where p.oid >= 16384
    and (
      b.objid is not null
      or s.oid is not null
        and (
          p.proowner in (select r.oid from roles r) or s.by_others = 'all'
          -- In projects from before 2023, postgres owns some of them.
          or p.prorettype = 'event_trigger'::regtype and s.by_others = 'schema'
        )
        and p.proname ~ coalesce('^(' || s.functions || ')$', '')
    )
),
granted as (
  select 'pg_namespace' as class, s.oid as object, null as column, a.grantee, lower(a.privilege_type) as privilege,
    s.opened and a.privilege_type = 'USAGE' and (
      a.grantee = 0 and s.name = 'net' or a.grantee::regrole::text in ('anon', 'authenticated')
    ) as is_known
  from schemas s
  cross join lateral aclexplode(s.acl) as a
  union all
  select 'pg_class', r.oid, null, a.grantee, lower(a.privilege_type),
    case
      when r.privileges is null then
        not r.is_brought and r.kind in ('r', 'p', 'S') and a.grantor in (select o.oid from roles o)
      else (a.grantee = 0 or a.grantee::regrole::text in ('anon', 'authenticated'))
        and (lower(a.privilege_type) = any (r.privileges) or 'all' = any (r.privileges))
    end
  from relations r
  cross join lateral aclexplode(r.acl) as a
  union all
  select 'pg_class', r.oid, t.attname::text, a.grantee, lower(a.privilege_type), false
  from relations r
  join pg_catalog.pg_attribute t on t.attrelid = r.oid and t.attacl is not null and not t.attisdropped
  cross join lateral aclexplode(t.attacl) as a
  union all
  select 'pg_proc', f.oid, null, a.grantee, lower(a.privilege_type),
    f.opened and (a.grantor = f.owner or a.grantor in (select o.oid from roles o))
      -- Functions of an extension whose privileges the extension did not change: everybody may call them.
      or f.is_brought and not exists (
        select from pg_catalog.pg_init_privs i where (i.classoid, i.objoid) = ('pg_catalog.pg_proc'::regclass, f.oid)
      )
  from functions f
  cross join lateral aclexplode(f.acl) as a
),
surplus as (
  select g.class, g.object, g.column, g.grantee, g.privilege
  from granted g
  left join pg_catalog.pg_roles r on r.oid = g.grantee
  where not g.is_known
    and (
      g.grantee = 0
      or not r.rolsuper and r.rolname <> all (array['postgres', 'service_role', current_user]) and r.rolname !~ '^pg_'
        and r.oid not in (select o.oid from roles o)
    )
    -- Ignore privileges of PUBLIC that the extension granted when it was created; not those from default privileges.
    and not exists (
      select
      from pg_catalog.pg_init_privs i
      cross join lateral aclexplode(i.initprivs) as a
      where (i.classoid, i.objoid, i.privtype) = (g.class::regclass, g.object, 'e')
        and (a.grantee, lower(a.privilege_type)) = (0, g.privilege)
    )
)
select count(set_config('chatctl.platform_' || found.name, coalesce(found.value, ''), true)) as settings
from (
  values
    ('roles', (select string_agg(r.oid::text, ',' order by r.oid) from roles r)),
    ('schemas', (select string_agg(s.oid::text, ',' order by s.oid) from schemas s)),
    ('relations', (select string_agg(r.oid::text, ',' order by r.oid) from relations r)),
    ('functions', (select string_agg(f.oid::text, ',' order by f.oid) from functions f)),
    ('types', (
      select string_agg(t.oid::text, ',' order by t.oid)
      from pg_catalog.pg_type t
      left join schemas s on s.oid = t.typnamespace
      where s.oid is not null and (t.typowner in (select r.oid from roles r) or s.by_others = 'all')
        or ('pg_catalog.pg_type'::regclass, t.oid) in (select b.classid, b.objid from brought b)
    )),
    -- A trigger on one of Supabase's tables belongs to Supabase if it calls a function of the same schema.
    ('triggers', (
      select string_agg(t.oid::text, ',' order by t.oid)
      from pg_catalog.pg_trigger t
      join relations r on r.oid = t.tgrelid
      join functions f on f.oid = t.tgfoid and f.schema = r.schema
    )),
    ('policies', (
      select string_agg(p.oid::text, ',' order by p.oid)
      from pg_catalog.pg_policy p
      join relations r on r.oid = p.polrelid
      join known_policies k on k.schema || '.' || k.relation = r.name and k.name = p.polname
    )),
    ('publications', (
      select string_agg(p.oid::text, ',' order by p.oid)
      from pg_catalog.pg_publication p
      where p.pubname = 'supabase_realtime_messages_publication' and p.pubowner in (select r.oid from roles r)
    )),
    ('defaults', (
      select string_agg(distinct format('%s %s', d.oid, a.grantee), ',')
      from pg_catalog.pg_default_acl d
      cross join lateral aclexplode(d.defaclacl) as a
      join known_defaults k on k.creator = d.defaclrole::regrole::text and k.schema = d.defaclnamespace::regnamespace::text
      where d.defaclobjtype in ('r', 'S', 'f') and a.grantee::regrole::text in ('anon', 'authenticated', 'service_role')
    )),
    ('members', (
      select string_agg(format('%s %s', m.oid, r.oid), ',')
      from known_members k
      join pg_catalog.pg_roles m on m.rolname = k.member
      join pg_catalog.pg_roles r on r.rolname = k.role
    )),
    ('unguarded', (
      select string_agg(r.oid::text, ',' order by r.oid) from relations r where r.is_open
    )),
    ('surplus', (
      select coalesce(jsonb_agg(to_jsonb(s) order by s.class, s.object, s.column, s.grantee, s.privilege), '[]')::text
      from surplus s
    ))
) as found (name, value)
