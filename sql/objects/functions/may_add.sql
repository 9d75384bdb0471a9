-- Whether somebody may add a person to a conversation: in a group, the creator while they take part; in a conversation
-- without participants, its creator. The policy of conversation_participants calls this, and so do triggers, before and
-- after they wait for a lock.
create or replace function private.may_add(p_caller uuid, p_conversation_id uuid, p_user_id uuid)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from public.conversations c
    join public.organization_members adds on adds.organization_id = c.organization_id and adds.user_id = c.created_by
    join public.organization_members om on om.organization_id = c.organization_id and om.user_id = p_user_id
    where c.id = p_conversation_id
      and c.created_by = p_caller
      and (
        c.participant_count = 0
        or c.is_group and exists (
          select from public.conversation_participants p where p.conversation_id = c.id and p.user_id = p_caller
        )
      )
  )
$$;

revoke execute on function private.may_add(uuid, uuid, uuid) from public;
