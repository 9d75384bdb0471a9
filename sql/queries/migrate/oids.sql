-- The current oids of these tables and views; null if missing.
--   names  text[]   as written in SQL
select w.name, to_regclass(w.name)::oid from unnest(%(names)s::text[]) as w (name);
