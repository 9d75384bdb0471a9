-- Claim reports; one row for each id, with what became of it.
--   ids     uuid[]
--   actor   text
--   reason  text
--   ticket  text  null: none
select o.action_id, o.id, o.status, o.problem
from moderation.claim_reports(%(ids)s::uuid[], %(actor)s::text, %(reason)s::text, %(ticket)s::text) as o;
