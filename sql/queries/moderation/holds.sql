-- The active holds, oldest first.
select
  h.name,
  case when h.organization_id is not null then 'organization' when h.conversation_id is not null then 'conversation'
    else 'user' end as subject,
  coalesce(h.organization_id, h.conversation_id, h.user_id) as subject_id,
  h.reason,
  h.created_at
from moderation.holds h
order by h.created_at, h.name;
