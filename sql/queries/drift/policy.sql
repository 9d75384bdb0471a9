-- Row-level security policies, on our tables and on Supabase's: one more on storage.objects can open every file.
--   relations  oid[]
--   managed    oid[]
select
  quote_ident(p.polname) || ' on ' || p.polrelid::regclass::text as name,
  array['table ' || p.polrelid::regclass::text] as parents,
  concat_ws(E'\n',
    case when p.polpermissive then 'permissive' else 'restrictive' end || ' for ' || case p.polcmd
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
      else 'all'
    end,
    'to ' || (
      select string_agg(case r.role when 0 then 'public' else r.role::regrole::text end, ', ' order by r.role::regrole::text)
      from unnest(p.polroles) as r (role)
    ),
    'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
  ) as definition
from pg_catalog.pg_policy p
where (p.polrelid = any (%(relations)s::oid[]) or p.polrelid = any (%(managed)s::oid[]))
  and p.oid not in (select unnest(string_to_array(current_setting('chatctl.platform_policies'), ',')::oid[]))
order by name
