-- Create a group of the caller and p_participant_ids, with 3 to 50 people including the caller, in one call.
create or replace function public.create_group_conversation(
  p_name text, p_participant_ids uuid[], p_organization_id uuid default null
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  conversation uuid;
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to create a group', hint = 'FORBIDDEN';
  end if;
  insert into public.conversations (organization_id, name, is_group, created_by)
  values (
    coalesce(p_organization_id, public.get_user_default_organization(caller)), p_name, true, caller
  )
  returning id into conversation;
  insert into public.conversation_participants (conversation_id, user_id)
  select conversation, u.user_id
  from unnest(p_participant_ids || caller) as u (user_id)
  where u.user_id is not null
  group by u.user_id
  order by u.user_id;
  return conversation;
end
$$;

revoke execute on function public.create_group_conversation(text, uuid[], uuid) from public, anon;
grant execute on function public.create_group_conversation(text, uuid[], uuid) to authenticated, service_role;
