-- A SECURITY DEFINER function does not insert text from its caller into dynamic SQL.
-- level: error
-- In PL/pgSQL, use EXECUTE with a literal, or with format() and %I and %L, and pass values with USING. Reports %s, `||`
-- with anything other than literals and quote_ident, quote_literal or quote_nullable, and text that is built elsewhere.
-- Trigger functions are included, because rows also contain text. Does not check other languages, or whether the text
-- can come from the caller.
with executed as (
  select
    p.oid as function, statement.found[1] as argument,
    -- Remove literals, calls that quote their argument, and values; the rest is inserted without quoting.
    regexp_replace(
      regexp_replace(statement.found[1], '''(?:[^'']|'''')*''', '', 'g'),
      '\mquote_(?:ident|literal|nullable)\s*\((?:[^()]|\([^()]*\))*\)|\musing\M.*$', '', 'gi'
    ) as unquoted
  from pg_catalog.pg_proc p
  join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
  cross join lateral regexp_matches(
    regexp_replace(p.prosrc, '--[^\n]*|/\*.*?\*/', '', 'g'),
    '(?:;|\m(?:begin|then|else|loop|query|in|for))\s+execute\M\s*((?:''(?:[^'']|'''')*''|[^'';])+)', 'gi'
  ) as statement (found)
  where p.prosecdef
),
found as (
  select e.function, e.argument, case
    when e.argument ~* '^\(?\s*format\s*\(\s*E?''(?:[^'']|'''')*?%(?:\d+\$)?-?\d*s' then 'format() with %s'
    when e.unquoted ~* '\|\|\s*[^\s|;)]|[^\s|(]\s*\|\|' then 'text of variables'
    when e.argument !~* '^\(?\s*(?:format\s*\(\s*)?(?:E?''|\$|quote_)' then 'a text put together elsewhere'
  end as what
  from executed e
)
select
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
  'executes dynamic SQL as its owner: ' || string_agg(
    format('%s: %s', found.what, left(regexp_replace(found.argument, '\s+', ' ', 'g'), 60)), '; ' order by found.argument
  ) as problem,
  'use execute format(…) with %I for names, and with %L or USING for values' as remedy
from found
join pg_catalog.pg_proc p on p.oid = found.function
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where found.what is not null
  and n.nspname !~ '^(pg_.*|information_schema)$'
  and p.oid not in (select unnest(string_to_array(coalesce(current_setting('chatctl.platform_functions', true), ''), ',')::oid[]))
group by n.nspname, p.proname, p.proargtypes
order by object
