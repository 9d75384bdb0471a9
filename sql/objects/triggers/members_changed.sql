-- After people leave an organization, or rejoin it while they are still listed in its groups: a group whose creator is
-- no longer a member gets another creator, and a group without one gets the person who rejoined.
create or replace function private.members_changed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  conversations uuid[] := array(
    select c.id
    from changed m
    join public.conversation_participants p on p.user_id = m.user_id
    join public.conversations c on c.id = p.conversation_id and c.organization_id = m.organization_id
  );
begin
  -- Lock all of them: this waits for messages that are being sent to them, and another session may be making one of these
  -- people the creator of a group whose creator does not change here.
  perform private.lock_conversations(conversations);
  update public.conversations c
  set created_by = private.creator_of(c.id)
  where c.id = any (conversations) and c.is_group and c.created_by is distinct from private.creator_of(c.id);
  return null;
end
$$;

revoke execute on function private.members_changed() from public;

create or replace trigger members_removed
after delete on public.organization_members
referencing old table as changed
for each statement execute function private.members_changed();

create or replace trigger members_added
after insert on public.organization_members
referencing new table as changed
for each statement execute function private.members_changed();
