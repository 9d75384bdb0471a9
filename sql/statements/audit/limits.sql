-- The first statements of the transaction of the audit: one snapshot, and no long waits for locks.
set transaction isolation level repeatable read;
set local lock_timeout = '2s';
-- For the audit's own queries; probes have a separate limit. If the client is suspended while it receives a result, its
-- statement keeps running, so a short limit would depend on the client's machine.
set local statement_timeout = '10min';
-- Errors of privileges and policies have the same SQLSTATE and differ only in the message, whose language must be
-- fixed. Only some roles can set it.
do $$ begin
  set local lc_messages = 'C';
exception when insufficient_privilege then null;
end $$;
-- Text formats. The order of day and month remains that of the database.
set local datestyle = 'ISO';
set local intervalstyle = 'postgres';
set local standard_conforming_strings = on;
-- A client that is suspended and never resumed must not hold locks forever.
set local idle_in_transaction_session_timeout = '10min';
set local client_min_messages = warning;
-- Without this, policies could be off by accident and still seem to work.
set local row_security = on;
-- Every statement runs with hundreds of values; planning it each time would take most of the time.
set local plan_cache_mode = force_generic_plan;
set local jit = off;
