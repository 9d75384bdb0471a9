-- Refuse an invalid message with the errors of the constraints of messages, before anything is locked. A new message has
-- stricter rules than an existing one, which may predate them; see attachments_fit.
create or replace function private.refuse_message(p_content text, p_attachments jsonb, p_reactions jsonb default '[]')
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text := case
    when char_length(p_content) > 4000 then 'messages_content_length'
    when coalesce(char_length(btrim(p_content, E' \t\r\n')), 0) = 0 and coalesce(p_attachments, '[]') = '[]'
      then 'messages_not_empty'
    when p_attachments is not null and not private.attachments_fit(p_attachments) then 'messages_attachments_valid'
    when p_reactions <> '[]' and not private.valid_reactions(p_reactions) then 'messages_reactions_valid'
  end;
begin
  if broken is not null then
    raise check_violation using
      message = format('new row for relation "messages" violates check constraint "%s"', broken),
      schema = 'public', table = 'messages', constraint = broken;
  end if;
end
$$;

revoke execute on function private.refuse_message(text, jsonb, jsonb) from public;
grant execute on function private.refuse_message(text, jsonb, jsonb) to authenticated, service_role;
