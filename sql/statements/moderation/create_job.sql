-- Create a job; returns its id, or that of the job which applies the plan already.
--   verb       text    delete, restore, redact or purge
--   ids        uuid[]
--   versions   text[]  at which they were chosen, in the same order; null: any
--   plan_hash  text    null: not from a plan
--   actor      text
--   reason     text
--   ticket     text    null: none
select moderation.create_job(
  %(verb)s::text, %(ids)s::uuid[], %(versions)s::text[], %(actor)s::text, %(reason)s::text, %(ticket)s::text,
  %(plan_hash)s::text
);
