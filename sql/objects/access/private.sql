-- The schema that the API does not expose. Its functions and views are used by policies and by functions that
-- run as the caller, who therefore may enter it; its tables are nobody's but the owner's.
revoke all on schema private from public, anon;
grant usage on schema private to authenticated, service_role;
