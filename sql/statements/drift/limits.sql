-- Before reading the catalogs: one snapshot, read-only, a short lock timeout; and settings that make definitions
-- independent of the session.
set transaction isolation level repeatable read, read only;
set local search_path = '';
set local lock_timeout = '10s';
set local statement_timeout = '60s';
-- Raise an error instead of hiding rows by a policy, which would look like missing rows.
set local row_security = off;
set local quote_all_identifiers = off;
set local timezone = 'UTC';
set local datestyle = 'ISO, YMD';
set local intervalstyle = 'postgres';
set local bytea_output = 'hex';
set local extra_float_digits = 3;
set local xmloption = content;
