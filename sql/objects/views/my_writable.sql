-- The conversations that the caller may write to: those that they take part in, unless they are muted or the conversation
-- is locked. For policies; see my_participations.
create or replace view private.my_writable
with (security_barrier = true) as
select p.conversation_id, p.organization_id
from private.my_participations p
join public.conversations c on c.id = p.conversation_id
where c.locked_at is null
  and not exists (
    select from private.muted m
    where m.user_id = (select private.current_user_id())
      and coalesce(m.organization_id, p.organization_id) = p.organization_id
      and coalesce(m.conversation_id, p.conversation_id) = p.conversation_id
  );

revoke all on private.my_writable from public, anon, authenticated;
grant select on private.my_writable to authenticated;
