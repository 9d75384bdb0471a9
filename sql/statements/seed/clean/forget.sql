-- Delete the record of a world that was removed completely.
--   world  text
--   seed   bigint
delete from private.seed_runs r
where r.world = %(world)s::text and r.seed = %(seed)s::bigint;
