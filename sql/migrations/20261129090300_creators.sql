-- Groups whose creator has left them, or the organization, are managed by whoever has taken part longest; emptied
-- conversations by nobody. One that never had anybody was not changed since it was made. This is no change that anybody
-- made: updated_at, by which lists are ordered, stays.
alter table public.conversations disable trigger user;

update public.conversations c
set created_by = w.creator
from (
  select d.id, (
    select p.user_id
    from public.conversation_participants p
    join public.organization_members o on o.organization_id = d.organization_id and o.user_id = p.user_id
    where p.conversation_id = d.id
    order by
      p.user_id is not distinct from d.created_by desc,
      exists (
        select from private.suspensions s
        where s.user_id = p.user_id and (s.suspended_until is null or s.suspended_until > now())
      ),
      p.joined_at, p.user_id
    limit 1
  ) as creator
  from public.conversations d
  where (d.is_group and d.participant_count > 0) or (d.participant_count = 0 and d.updated_at > d.created_at)
) as w
where c.id = w.id and c.created_by is distinct from w.creator;

alter table public.conversations enable trigger user;
