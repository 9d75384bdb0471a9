-- What a database is missing to be a Supabase database, and whether the backend is installed in it.
-- Of the backend, private.seed_chunks is the newest table that a command cannot do without.
select
  array(
    select 'schema auth' where to_regnamespace('auth') is null
    union all
    select 'role authenticator' where to_regrole('authenticator') is null
  ) as missing,
  to_regclass('private.seed_chunks') is not null as has_backend
