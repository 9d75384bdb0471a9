-- Before the objects are applied: find objects that no file defines any more, the last applied first, because dependents
-- are applied last; and revoke obsolete privileges. Privileges that a file still grants on the same object are granted
-- again when the file is applied.
create table supabase_migrations.chatctl_obsolete as
select row_number() over (order by o.applied_at desc, o.path desc, d.place) as place, d.statement
from supabase_migrations.chatctl_objects o
cross join lateral unnest(o.drops) with ordinality as d (statement, place)
left join supabase_migrations.chatctl_current_objects w on w.path = o.path
where w.sha256 is distinct from o.sha256
  -- A file's own drop statements run only when the file is deleted.
  and (w.path is null or d.statement not like '-- chatctl:drop%')
  and not exists (select from supabase_migrations.chatctl_current_objects e where d.statement = any (e.drops));

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
      when undefined_table or undefined_function or undefined_object or undefined_column or invalid_schema_name
        or wrong_object_type then
        null; -- dropped already, with its privileges
      when others then
        raise exception using errcode = sqlstate, message = format('cannot run: %s: %s', obsolete, sqlerrm);
    end;
  end loop;
end
$$;

-- If the signature of a function changes, policies and triggers would keep using the old function. Those that files
-- define are dropped with it and applied again.
do $$
declare
  obsolete record;
  old oid;
  holder record;
begin
  for obsolete in
    select b.place, b.statement, regexp_replace(b.statement, '^drop (function|procedure) if exists ', '\1 ', 'i') as what
    from supabase_migrations.chatctl_obsolete b
    where b.statement ~* '^drop (function|procedure) if exists '
    order by b.place
  loop
    begin
      begin
        execute format('comment on %s is %L', obsolete.what, 'chatctl: this one?');
        select d.objoid into old from pg_catalog.pg_description d where d.description = 'chatctl: this one?';
        raise exception using errcode = 'CC000';
      exception when sqlstate 'CC000' then null; -- this rolls back the comment and keeps the variable
      end;
      for holder in
        select format('drop policy %I on %s', p.polname, p.polrelid::regclass) as statement, p.polname as name
        from pg_catalog.pg_policy p
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
        where d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = old
        union
        select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass), t.tgname
        from pg_catalog.pg_trigger t
        where t.tgfoid = old
      loop
        if exists (
          select from supabase_migrations.chatctl_current_objects w, unnest(w.drops) as d (statement)
          where d.statement ~* '^drop (policy|trigger) ' and position(holder.name::text in d.statement) > 0
        ) then
          execute holder.statement;
        end if;
      end loop;
      execute obsolete.statement;
      delete from supabase_migrations.chatctl_obsolete b where b.place = obsolete.place;
    exception
      when lock_not_available or deadlock_detected or query_canceled then
        raise;
      when others then
        null; -- something else depends on it: drop_obsolete tries again when all objects are applied
    end;
  end loop;
end
$$;
