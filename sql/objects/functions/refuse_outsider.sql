-- Refuse a caller who does not take part in all of these conversations now. For triggers, after they have waited.
create or replace function private.refuse_outsider(p_table text, p_conversation_ids uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from unnest(p_conversation_ids) as c (id)
    where not exists (select from private.my_participations p where p.conversation_id = c.id)
  ) then
    perform private.refuse_row(p_table);
  end if;
end
$$;

revoke execute on function private.refuse_outsider(text, uuid[]) from public;
