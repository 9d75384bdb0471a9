-- A report is about a message in one of the reporter's conversations. Copy the message's ids, and count the report
-- against the reporter's limit.
create or replace function private.message_reports_before_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_writer('message_reports');
begin
  select m.conversation_id, m.organization_id, m.sender_id
  into new.conversation_id, new.organization_id, new.sender_id
  from public.messages m
  where m.id = new.message_id
    and (writer is null or exists (select from private.my_participations p where p.conversation_id = m.conversation_id));
  if not found and writer is null then
    perform private.refuse('PT404', 'NOT_FOUND', 'This item could not be found');
  elsif not found or new.reporter_id is distinct from coalesce(writer, new.reporter_id) then
    perform private.refuse_row('message_reports');
  elsif writer is not null then
    perform private.count_against_limit(writer, 'report');
  end if;
  return new;
end
$$;

-- The comment of an erased reporter is erased, too.
create or replace function private.message_reports_erased()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.comment := null;
  return new;
end
$$;

revoke execute on function private.message_reports_before_insert() from public;
revoke execute on function private.message_reports_erased() from public;

create or replace trigger message_reports_insert_in_turn
before insert on public.message_reports
for each statement execute function private.writes_in_turn('report');

create or replace trigger message_reports_before_insert
before insert on public.message_reports
for each row execute function private.message_reports_before_insert();

create or replace trigger message_reports_erased
before update of reporter_id on public.message_reports
for each row when (new.reporter_id is null)
execute function private.message_reports_erased();
