-- The first statements of the audit's transaction: one view of the database, and no waiting for what others lock.
set transaction isolation level repeatable read;
set local lock_timeout = '2s';
-- For what the audit itself asks; probes have a limit of their own. A client that is stopped in the middle of an answer
-- keeps its statement running, so that a short limit would be one for the machine.
set local statement_timeout = '10min';
-- What privileges and policies refuse has one SQLSTATE, and the text tells them apart. Only some roles may choose its language.
do $$ begin
  set local lc_messages = 'C';
exception when insufficient_privilege then null;
end $$;
-- How texts are written and read. The order of day and month stays that of the database.
set local datestyle = 'ISO';
set local intervalstyle = 'postgres';
set local standard_conforming_strings = on;
-- A client that was stopped and is never continued must not hold the locks of what it tried for ever.
set local idle_in_transaction_session_timeout = '10min';
set local client_min_messages = warning;
-- Policies that are off by accident must not pass for policies that hold.
set local row_security = on;
-- A statement is tried with hundreds of values; planning it for each would be most of the time.
set local plan_cache_mode = force_generic_plan;
set local jit = off;
