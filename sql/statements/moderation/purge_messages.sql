-- Purge messages; one row for each id, with what became of it.
--   ids       uuid[]
--   versions  text[]  at which they were chosen, in the same order; null: any
--   actor     text
--   reason    text
--   ticket    text    null: none
--   job_id    uuid    null: none
select o.action_id, o.id, o.status, o.problem
from moderation.purge_messages(
  %(ids)s::uuid[], %(actor)s::text, %(reason)s::text, %(ticket)s::text, %(versions)s::text[], %(job_id)s::uuid
) as o;
