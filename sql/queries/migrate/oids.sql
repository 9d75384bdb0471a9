-- Which tables and views go by these names now; null: none.
--   names  text[]   as SQL writes them
select w.name, to_regclass(w.name)::oid from unnest(%(names)s::text[]) as w (name);
