-- Nothing is left of a world.
--   world  text
--   seed   bigint
delete from private.seed_runs r
where r.world = %(world)s::text and r.seed = %(seed)s::bigint;
