-- Resolve reports; one row for each id, with what became of it.
--   ids      uuid[]
--   verdict  text  upheld, dismissed or duplicate
--   do       text  delete or redact their messages, if upheld; null: neither
--   actor    text
--   reason   text
--   ticket   text  null: none
select o.action_id, o.id, o.status, o.problem
from moderation.resolve_reports(
  %(ids)s::uuid[], %(verdict)s::text, %(actor)s::text, %(reason)s::text, %(ticket)s::text, %(do)s::text
) as o;
