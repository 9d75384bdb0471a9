-- Do the next batch of a job; returns how many items are left.
--   job_id  uuid
--   count   integer  items of the batch
select moderation.run_job(%(job_id)s::uuid, %(count)s::integer);
