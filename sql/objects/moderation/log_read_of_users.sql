-- Log that an operator is about to read what concerns users: as log_read, with the users by pseudonym. Commit it before
-- the read.
create or replace function moderation.log_read_of_users(
  p_command text, p_user_ids uuid[], p_targets text[], p_arguments jsonb,
  p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select private.log_reading(
    p_command, p_user_ids,
    array(select private.log_pseudonym(u.id) from unnest(p_user_ids) as u (id)) || p_targets,
    p_arguments, p_actor, p_reason, p_ticket
  )
$$;

revoke execute on function moderation.log_read_of_users(text, uuid[], text[], jsonb, text, text, text) from public;
