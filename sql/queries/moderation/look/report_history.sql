-- What is known of a user from reports: by them, and about their messages.
--   user_id  uuid
select
  u.id, u.full_name as name, u.email, u.created_at as since, u.suspension_reason, u.suspended_at, u.suspended_until,
  filed.reports as reported, filed.upheld as reported_upheld, filed.dismissed as reported_dismissed,
  about.reports as reports_against, about.open as against_open, about.upheld as against_upheld,
  about.dismissed as against_dismissed
from moderation.users u
cross join lateral (
  select
    count(*) as reports, count(*) filter (where r.verdict = 'upheld') as upheld,
    count(*) filter (where r.verdict = 'dismissed') as dismissed
  from moderation.reports r
  where r.reporter_id = u.id
) as filed
cross join lateral (
  select
    count(*) as reports, count(*) filter (where r.status <> 'resolved') as open,
    count(*) filter (where r.verdict = 'upheld') as upheld, count(*) filter (where r.verdict = 'dismissed') as dismissed
  from moderation.reports r
  where r.sender_id = u.id
) as about
where u.id = %(user_id)s::uuid;
