-- Participants, with what they have read and whether they are still members of the organization. For operators.
create or replace view moderation.participants as
select
  p.conversation_id, p.user_id, p.joined_at, p.last_read_at, p.is_starred, p.is_muted,
  r.last_read_seq, c.message_count - r.seen_count as unread_count,
  exists (
    select from public.organization_members m where m.organization_id = c.organization_id and m.user_id = p.user_id
  ) as is_member
from public.conversation_participants p
join public.conversations c on c.id = p.conversation_id
left join private.read_states r on r.conversation_id = p.conversation_id and r.user_id = p.user_id;

revoke all on moderation.participants from public, anon, authenticated, service_role;
