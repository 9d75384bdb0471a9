-- Who manages a conversation now. In a group: its creator, while they take part and are a member of the organization;
-- otherwise the participant who joined first, preferring those who are not suspended; null when nobody is left. A direct
-- conversation keeps its creator as long as anybody takes part.
create or replace function private.creator_of(p_conversation_id uuid)
returns uuid
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when c.is_group then (
      select p.user_id
      from public.conversation_participants p
      join public.organization_members o on o.organization_id = c.organization_id and o.user_id = p.user_id
      where p.conversation_id = c.id
      order by
        p.user_id is not distinct from c.created_by desc,
        exists (select from private.suspended s where s.user_id = p.user_id),
        p.joined_at, p.user_id
      limit 1
    )
    when exists (select from public.conversation_participants p where p.conversation_id = c.id) then c.created_by
  end
  from public.conversations c
  where c.id = p_conversation_id
$$;

revoke execute on function private.creator_of(uuid) from public;
