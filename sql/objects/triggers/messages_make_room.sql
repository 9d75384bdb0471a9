-- Keep a message's reactions within 1,000: reactions of participants always fit; those of people who have left stay
-- while there is room, and the oldest of them go first. Runs after messages_before_update, by its name.
create or replace function private.messages_make_room()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.reactions := (
    select coalesce(jsonb_agg(e.entry order by e.position), '[]')
    from (
      select r.entry, r.position, p.takes_part, row_number() over (order by p.takes_part desc, r.position desc) as place
      from jsonb_array_elements(new.reactions) with ordinality as r (entry, position)
      cross join lateral (
        select exists (
          select from public.conversation_participants cp
          where cp.conversation_id = new.conversation_id and cp.user_id::text = r.entry ->> 'userId'
        ) as takes_part
      ) as p
    ) as e
    where e.takes_part or e.place <= 1000
  );
  return new;
end
$$;

revoke execute on function private.messages_make_room() from public;

create or replace trigger messages_make_room
before update of reactions on public.messages
for each row
when (case when jsonb_typeof(new.reactions) = 'array' then jsonb_array_length(new.reactions) > 1000 else false end)
execute function private.messages_make_room();
