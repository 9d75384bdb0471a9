-- Create the job that undoes another; returns its id.
--   job_id  uuid
--   actor   text
--   reason  text
--   ticket  text  null: none
select moderation.create_inverse_job(%(job_id)s::uuid, %(actor)s::text, %(reason)s::text, %(ticket)s::text);
