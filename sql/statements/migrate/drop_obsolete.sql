-- After the objects are applied: drop objects that no file defines any more, dependents first, and remove the records of
-- deleted files.
do $$
declare
  candidate record;
  identity text;
  kept text[] := '{}';
  waiting text[];
  still_waiting text[];
  obsolete text;
  reason text;
begin
  select coalesce(array_agg(b.statement order by b.place), '{}') into waiting
  from supabase_migrations.chatctl_obsolete b
  where b.statement !~* '^revoke ';

  -- Names and signatures have many spellings, and an object that a file defines with another spelling is not obsolete.
  -- COMMENT finds the same object as DROP would; all these comments are rolled back.
  for candidate in
    with drops as (
      select d.statement, true as wanted
      from supabase_migrations.chatctl_current_objects w
      cross join lateral unnest(w.drops) as d (statement)
      union
      select b.statement, false from unnest(waiting) as b (statement)
    ),
    named as (
      select d.statement, d.wanted, p.words[1] as kind,
        regexp_replace(lower(replace(split_part(split_part(p.words[2], '(', 1), ' on ', 1), '"', '')), '^.*\.', '') as name
      from drops d
      cross join lateral regexp_match(
        d.statement, '^drop (function|procedure|view|materialized view|trigger|policy) if exists (.*)$', 'i'
      ) as p (words)
    )
    select n.statement, n.wanted, format('comment on %s %s is %L', n.kind, p.words[1], 'the same?') as question
    from named n
    cross join lateral regexp_match(n.statement, ' if exists (.*)$', 'i') as p (words)
    where exists (select from named o where o.name = n.name and o.wanted <> n.wanted)
    order by n.wanted desc, n.statement
  loop
    begin
      execute candidate.question;
      select format('%s %s', d.classoid, d.objoid) into identity
      from pg_catalog.pg_description d
      where d.description = 'the same?';
      raise exception using errcode = 'CC000';
    exception
      when sqlstate 'CC000' then
        if candidate.wanted then
          kept := kept || identity;
        elsif identity = any (kept) then
          waiting := array_remove(waiting, candidate.statement);
        end if;
      when lock_not_available or deadlock_detected then
        raise;
      when others then
        null; -- it does not exist, or belongs to another role
    end;
  end loop;

  while cardinality(waiting) > 0 loop
    still_waiting := '{}';
    foreach obsolete in array waiting loop
      begin
        execute obsolete;
      exception
        when undefined_table or undefined_function or undefined_object or invalid_schema_name or wrong_object_type then
          null; -- dropped already, for example with its table; or the name is that of another kind of object
        when dependent_objects_still_exist then
          get stacked diagnostics reason = pg_exception_detail;
          still_waiting := still_waiting || obsolete;
        when others then
          raise exception using errcode = sqlstate, message = format('cannot run: %s: %s', replace(obsolete, E'-- chatctl:drop\n', ''), sqlerrm);
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
  where not exists (select from supabase_migrations.chatctl_current_objects w where w.path = o.path);
  drop table supabase_migrations.chatctl_current_objects, supabase_migrations.chatctl_obsolete;
end
$$;
