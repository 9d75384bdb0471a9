-- The worlds that were seeded here, finished or not, the oldest first.
--   world  text    null: any
--   seed   bigint  null: any
select
  r.world, r.seed, r.world_version, r.spec_sha256, r.fingerprint, r.tables, r.organization_ids, r.user_ids,
  r.started_at, r.finished_at, r.cleaned_at
from private.seed_runs r
where (%(world)s::text is null or r.world = %(world)s::text)
  and (%(seed)s::bigint is null or r.seed = %(seed)s::bigint)
order by r.started_at, r.world, r.seed;
