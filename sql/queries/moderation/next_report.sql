-- The next report that an operator can take: the oldest one that is open, or that they hold already.
--   organization_id  uuid    null: any
--   actor            text
--   seen             uuid[]  the reports that they have seen
--   Reports that arrive meanwhile come last.
select r.id
from moderation.reports r
where (r.status = 'open' or r.status = 'claimed' and r.claimed_by = %(actor)s::text)
  and (%(organization_id)s::uuid is null or r.organization_id = %(organization_id)s::uuid)
  and r.id <> all (%(seen)s::uuid[])
order by r.created_at, r.id
limit 1;
