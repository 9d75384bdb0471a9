-- Those of the given roles that do not exist.
--   roles  text[]
select name from unnest(%(roles)s::text[]) with ordinality as each (name, position)
where to_regrole(quote_ident(name)) is null
order by position
