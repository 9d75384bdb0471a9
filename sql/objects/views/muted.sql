-- The users who are muted now, and where: everywhere if both columns are null.
create or replace view private.muted as
select m.user_id, m.organization_id, m.conversation_id, m.muted_until, m.visible_reason
from private.mutes m
where m.muted_until is null or m.muted_until > now();

revoke all on private.muted from public, anon, authenticated;
