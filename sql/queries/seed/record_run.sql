-- A world is finished.
--   world, fingerprint    text
--   seed                  bigint
--   world_version         integer
--   organizations, users  uuid[]
insert into private.seed_runs (world, seed, world_version, fingerprint, organization_ids, user_ids)
values (
  %(world)s::text, %(seed)s::bigint, %(world_version)s::integer, %(fingerprint)s::text,
  %(organizations)s::uuid[], %(users)s::uuid[]
);
