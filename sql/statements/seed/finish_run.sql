-- Record the end of a run.
--   world, fingerprint  text
--   seed                bigint
--   tables              jsonb  by table: {rows, checksum}
update private.seed_runs r
set fingerprint = %(fingerprint)s::text, tables = %(tables)s::jsonb, finished_at = now()
where r.world = %(world)s::text and r.seed = %(seed)s::bigint;
