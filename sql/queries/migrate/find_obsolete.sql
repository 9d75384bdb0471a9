-- Before objects are stated: find what files made and none makes any more, the last stated first since what needs
-- others was stated after them; and take back the privileges among it. What a file still grants on the same thing
-- is granted again when it is stated.
create table supabase_migrations.chatctl_obsolete as
select row_number() over (order by o.applied_at desc, o.path desc, d.place) as place, d.statement
from supabase_migrations.chatctl_objects o
cross join lateral unnest(o.drops) with ordinality as d (statement, place)
left join supabase_migrations.chatctl_wanted w on w.path = o.path
where w.sha256 is distinct from o.sha256
  and not exists (select from supabase_migrations.chatctl_wanted e where d.statement = any (e.drops));

do $$
declare
  obsolete text;
begin
  for obsolete in
    select b.statement from supabase_migrations.chatctl_obsolete b where b.statement ~* '^revoke ' order by b.place
  loop
    begin
      execute obsolete;
    exception
      when undefined_table or undefined_function or undefined_object or undefined_column or invalid_schema_name then
        null; -- gone already, and its privileges with it
    end;
  end loop;
end
$$;
