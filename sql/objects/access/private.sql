-- The schema that the API does not expose. Policies, and functions that run as the caller, use its functions and views,
-- so the caller has USAGE; only the owner has access to its tables.
revoke all on schema private from public, anon;
grant usage on schema private to authenticated, service_role;
