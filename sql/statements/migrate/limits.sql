-- Until the transaction ends: give up a lock in time, and read no function body, which may name what a later file
-- makes. They are read when all is there.
--   lock_timeout  text   with its unit
select
  set_config('lock_timeout', %(lock_timeout)s::text, true),
  set_config('check_function_bodies', 'off', true);
