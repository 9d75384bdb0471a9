-- The finished run of a world.
--   world  text
--   seed   bigint
select r.world_version, r.fingerprint, r.organization_ids, r.user_ids, r.finished_at
from private.seed_runs r
where r.world = %(world)s::text and r.seed = %(seed)s::bigint;
