-- Let statements of this session take as long as they need: building an index of many messages takes minutes.
select set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false);
