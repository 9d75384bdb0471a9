-- The run of a world, finished or not.
--   world  text
--   seed   bigint
select
  r.world, r.seed, r.world_version, r.spec_sha256, r.fingerprint, r.tables, r.organization_ids, r.user_ids,
  r.started_at, r.finished_at, r.cleaned_at
from private.seed_runs r
where r.world = %(world)s::text and r.seed = %(seed)s::bigint;
