-- A role that can delete a row can also delete the rows that `on delete cascade` deletes with it.
-- level: error
-- A cascade runs as the owner of the table that it reaches, and bypasses privileges and row-level security: a role that
-- can delete a conversation deletes everybody's messages. Reports each foreign key that leads, in one or more steps,
-- from a table on which privileges and a policy let an API role delete to a table on which that role has no DELETE
-- privilege. Does not check to which rows the policy applies, or `set null` and `on update cascade`.
with recursive api as (
  select r.oid, r.rolname
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
),
cascades as (
  select api.oid as role, k.oid as key, k.conrelid as reached, k.confrelid as start
  from api
  join pg_catalog.pg_constraint k on k.contype = 'f' and k.confdeltype = 'c'
  join pg_catalog.pg_class t on t.oid = k.confrelid
  where has_table_privilege(api.oid, t.oid, 'delete')
    and (
      not t.relrowsecurity
      or exists (
        select from pg_catalog.pg_policy p cross join unnest(p.polroles) as named (role)
        where p.polrelid = t.oid and p.polpermissive and p.polcmd in ('d', '*')
          and case when named.role = 0 then true else pg_has_role(api.oid, named.role, 'usage') end
      )
    )
  union
  select c.role, k.oid, k.conrelid, c.start
  from cascades c
  join pg_catalog.pg_constraint k on k.confrelid = c.reached and k.contype = 'f' and k.confdeltype = 'c'
)
select
  format('%I on %I.%I', k.conname, n.nspname, t.relname) as object,
  format(
    'without DELETE privilege here, %s can delete rows by deleting in %s',
    string_agg(distinct api.rolname, ' and '),
    string_agg(distinct format('%I.%I', start_schema.nspname, start.relname), ' and ')
  ) as problem,
  'use on delete restrict, or revoke delete on the referenced table' as remedy
from cascades c
join api on api.oid = c.role
join pg_catalog.pg_constraint k on k.oid = c.key
join pg_catalog.pg_class t on t.oid = c.reached
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
join pg_catalog.pg_class start on start.oid = c.start
join pg_catalog.pg_namespace start_schema on start_schema.oid = start.relnamespace
where k.conparentid = 0
  and not has_table_privilege(c.role, c.reached, 'delete')
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and t.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_relations', true), ''), ',')::oid[]))
group by k.conname, n.nspname, t.relname
order by object
