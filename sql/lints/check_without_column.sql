-- WITH CHECK includes the columns that decide who can read a row.
-- level: error
-- With `using (org in (…mine…) and author = me) with check (author = me)`, authors can move rows into other
-- organizations. Reports columns that are used by a policy for reading and by the USING clause of a policy for changes,
-- are missing in its WITH CHECK, and can be updated by an API role. Boolean columns and columns that are compared only
-- with constants are ignored, based on the text of the expressions. Does not check what functions use, or what triggers
-- set or reject.
with api as (
  select r.oid
  from pg_catalog.pg_roles r
  where r.rolname = any (
    string_to_array(coalesce(nullif(current_setting('chatctl.api_roles', true), ''), 'anon,authenticated'), ',')
  )
),
-- A column of the row in the text of an expression: unqualified, or after the name of its table.
columns as (
  select
    c.oid as relation, a.attnum, a.attname,
    format(
      '(?:^|(?<=[^\w."$]))(?:%s\.)?%s(?![\w"$])',
      regexp_replace(quote_ident(c.relname), '([^\w])', '\\\1', 'g'),
      regexp_replace(quote_ident(a.attname), '([^\w])', '\\\1', 'g')
    ) as pattern
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where a.atttypid <> 'boolean'::regtype
    and exists (
      select from pg_catalog.pg_policy p
      where p.polrelid = c.oid and p.polcmd in ('w', '*') and p.polwithcheck is not null
    )
    and exists (select from api where has_column_privilege(api.oid, c.oid, a.attnum, 'update'))
),
named as (
  select p.oid as policy, p.polcmd, c.relation, c.attname, clause.is_check
  from columns c
  join pg_catalog.pg_policy p on p.polrelid = c.relation and p.polpermissive
  cross join lateral (values (false, p.polqual), (true, p.polwithcheck)) as clause (is_check, tree)
  where p.polcmd in ('r', 'w', '*')
    and exists (
      select from api cross join unnest(p.polroles) as granted (role)
      where case when granted.role = 0 then true else pg_has_role(api.oid, granted.role, 'usage') end
    )
    and case when clause.is_check then pg_get_expr(clause.tree, p.polrelid) else regexp_replace(
      pg_get_expr(clause.tree, p.polrelid),
      c.pattern || '\)?(?:::[\w. "]+)? (?:IS (?:NOT )?NULL|(?:=|<>|<|>|<=|>=|~~) (?:''|-?\d|ANY \(ARRAY\[[''\d]))',
      '', 'g'
    ) end ~ c.pattern
)
select
  format('%I on %I.%I', p.polname, n.nspname, t.relname) as object,
  format('allows any new value for %s, which determines who can read the row',
    string_agg(distinct quote_ident(used.attname), ', ')) as problem,
  'add the condition on the column to WITH CHECK, or revoke update of the column' as remedy
from named used
join pg_catalog.pg_policy p on p.oid = used.policy and p.polwithcheck is not null
join pg_catalog.pg_class t on t.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where used.polcmd in ('w', '*')
  and not used.is_check
  and exists (
    select from named reading
    where reading.relation = used.relation and reading.attname = used.attname
      and reading.polcmd in ('r', '*') and not reading.is_check
  )
  and not exists (
    select from named checked
    where checked.policy = used.policy and checked.attname = used.attname and checked.is_check
  )
group by p.oid, p.polname, n.nspname, t.relname
order by object
