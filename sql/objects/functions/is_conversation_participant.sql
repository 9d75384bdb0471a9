-- Whether the caller takes part in a conversation. Refuses to answer about anybody else (42501).
create or replace function public.is_conversation_participant(
  p_conversation_id uuid, p_user_id uuid default auth.uid()
)
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_caller(p_user_id);
  return exists (
    select from public.conversation_participants cp
    join public.conversations c on c.id = cp.conversation_id
    join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id
    where cp.conversation_id = p_conversation_id and cp.user_id = p_user_id
  );
end
$$;

revoke execute on function public.is_conversation_participant(uuid, uuid) from public, anon;
grant execute on function public.is_conversation_participant(uuid, uuid) to authenticated, service_role;
