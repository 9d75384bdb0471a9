-- The users who are suspended now.
create or replace view private.suspended as
select s.user_id
from private.suspensions s
where s.suspended_until is null or s.suspended_until > now();

revoke all on private.suspended from public, anon, authenticated;
