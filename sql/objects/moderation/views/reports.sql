-- Reports, with what operators made of them and what became of the message: live, deleted, redacted or purged.
-- For operators.
create or replace view moderation.reports as
select
  r.id, r.message_id, r.conversation_id, r.organization_id, r.sender_id, r.reporter_id, r.kind, r.comment, r.status,
  r.created_at, v.claimed_by, v.claimed_at, v.verdict, v.resolved_by, v.resolved_at,
  coalesce(m.seq, p.seq) as seq,
  case
    when m.id is null then 'purged' when m.deleted_at is null then 'live'
    when d.message_id is null or d.redacted_at is not null then 'redacted' else 'deleted'
  end as message_state
from public.message_reports r
left join private.report_reviews v on v.report_id = r.id
left join public.messages m on m.id = r.message_id
left join private.deleted_messages d on d.message_id = r.message_id
left join private.purged_messages p on p.message_id = r.message_id;

revoke all on moderation.reports from public, anon, authenticated, service_role;
