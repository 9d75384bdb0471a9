-- The first statements of a reading of the catalogue: one view of the database, nothing written, no waiting for what
-- others lock; and definitions that come out alike whatever the session's settings.
set transaction isolation level repeatable read, read only;
set local search_path = '';
set local lock_timeout = '10s';
set local statement_timeout = '60s';
-- Rows that a policy hides from the reader must not pass for rows that are missing.
set local row_security = off;
set local quote_all_identifiers = off;
set local timezone = 'UTC';
set local datestyle = 'ISO, YMD';
set local intervalstyle = 'postgres';
set local bytea_output = 'hex';
set local extra_float_digits = 3;
set local xmloption = content;
