-- Do the next batch of a job; returns how many items are left.
--   job_id  uuid
--   count   integer  items of the batch
--   actor   text     who runs it
select moderation.run_job(%(job_id)s::uuid, %(count)s::integer, %(actor)s::text);
