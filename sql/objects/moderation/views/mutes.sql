-- Who is muted now, and where: everywhere if both columns are null. For operators.
create or replace view moderation.mutes as
select m.user_id, m.organization_id, m.conversation_id, m.reason, m.visible_reason, m.muted_at, m.muted_until
from private.mutes m
where m.muted_until is null or m.muted_until > now();

revoke all on moderation.mutes from public, anon, authenticated, service_role;
