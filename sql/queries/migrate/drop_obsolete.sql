-- After objects are stated: drop what no file makes any more, dependents first, and forget the files that are gone.
do $$
declare
  waiting text[];
  still_waiting text[];
  obsolete text;
  reason text;
  name text;
  made bigint;
begin
  select coalesce(array_agg(b.statement order by b.place), '{}') into waiting
  from supabase_migrations.chatctl_obsolete b
  where b.statement !~* '^revoke ';

  while cardinality(waiting) > 0 loop
    still_waiting := '{}';
    foreach obsolete in array waiting loop
      -- A signature has many spellings: as long as there are no more functions of a name than files make, the
      -- one to be dropped is one that a file makes.
      name := regexp_replace(split_part(obsolete, '(', 1), '^drop (function|procedure) if exists ', '', 'i');
      select count(*) into made
      from supabase_migrations.chatctl_wanted w
      cross join lateral unnest(w.drops) as d (statement)
      where split_part(d.statement, '(', 1) = split_part(obsolete, '(', 1);
      continue when obsolete ~* '^drop (function|procedure) ' and made > 0 and made >= (
        select count(*)
        from pg_catalog.pg_proc p
        where p.pronamespace::regnamespace::text || '.' || quote_ident(p.proname) = name
      );
      begin
        execute obsolete;
      exception
        when undefined_table or undefined_function or undefined_object or invalid_schema_name then
          null; -- gone already, with its table for example
        when dependent_objects_still_exist then
          get stacked diagnostics reason = pg_exception_detail;
          still_waiting := still_waiting || obsolete;
      end;
    end loop;
    if still_waiting = waiting then
      raise exception using
        errcode = 'dependent_objects_still_exist',
        message = format('cannot run: %s', waiting[1]),
        detail = reason;
    end if;
    waiting := still_waiting;
  end loop;

  delete from supabase_migrations.chatctl_objects o
  where not exists (select from supabase_migrations.chatctl_wanted w where w.path = o.path);
  drop table supabase_migrations.chatctl_wanted, supabase_migrations.chatctl_obsolete;
end
$$;
