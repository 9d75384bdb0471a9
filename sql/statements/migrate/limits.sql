-- Until the end of the transaction: set lock_timeout, and do not check function bodies, which may refer to objects of
-- a later file. They are checked after the last file.
--   lock_timeout  text   with its unit
select
  set_config('lock_timeout', %(lock_timeout)s::text, true),
  set_config('check_function_bodies', 'off', true);
