-- Log that an operator is about to read what users wrote. Commit it before the read.
--   p_command    what was asked for, for example 'conversation show'
--   p_targets    what is read, as far as it is known beforehand: {conversation:6f…}; empty: all messages
--   p_arguments  the filters, without the text that was searched for; no user is named in them
create or replace function moderation.log_read(
  p_command text, p_targets text[], p_arguments jsonb, p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select private.log_reading(p_command, '{}', p_targets, p_arguments, p_actor, p_reason, p_ticket)
$$;

revoke execute on function moderation.log_read(text, text[], jsonb, text, text, text) from public;
