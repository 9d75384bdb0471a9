-- Record the start of a run; its people and organizations exist.
--   world, spec_sha256    text
--   seed                  bigint
--   world_version         integer
--   organizations, users  uuid[]
insert into private.seed_runs (world, seed, world_version, spec_sha256, organization_ids, user_ids)
values (
  %(world)s::text, %(seed)s::bigint, %(world_version)s::integer, %(spec_sha256)s::text,
  %(organizations)s::uuid[], %(users)s::uuid[]
);
