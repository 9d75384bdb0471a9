-- The direct conversation of the caller and p_recipient_id in an organization (default: the caller's first): the
-- existing one, or a new one. When both start it at the same time, both get the same one.
create or replace function public.start_direct_conversation(
  p_recipient_id uuid, p_organization_id uuid default null
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  organization uuid := coalesce(p_organization_id, public.get_user_default_organization(caller));
  conversation uuid;
  details text;
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to start a conversation', hint = 'FORBIDDEN';
  end if;
  if p_recipient_id is null or p_recipient_id = caller then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A direct conversation is with one other person');
  end if;

  select c.id into conversation
  from public.conversations c
  join public.conversation_participants mine on mine.conversation_id = c.id and mine.user_id = caller
  join public.conversation_participants theirs
    on theirs.conversation_id = c.id and theirs.user_id = p_recipient_id
  where c.organization_id = organization and not c.is_group;
  if found then
    return conversation;
  end if;

  begin
    insert into public.conversations (organization_id, is_group, created_by)
    values (organization, false, caller)
    returning id into conversation;
    insert into public.conversation_participants (conversation_id, user_id)
    values (conversation, caller), (conversation, p_recipient_id);
    return conversation;
  exception when sqlstate 'PT409' then -- the other user was faster
    get stacked diagnostics details = pg_exception_detail;
    return (details::jsonb ->> 'conversation_id')::uuid;
  end;
end
$$;

revoke execute on function public.start_direct_conversation(uuid, uuid) from public, anon;
grant execute on function public.start_direct_conversation(uuid, uuid) to authenticated, service_role;
