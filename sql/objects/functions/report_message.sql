-- Report a message to the operators, as the caller. Returns the caller's report of that message: the existing one,
-- unchanged, if they have reported it before.
--   p_kind     text  spam, harassment, hate, violence, sexual, self_harm, illegal or other
--   p_comment  text  at most 1,000 characters; null: none
create or replace function public.report_message(p_message_id uuid, p_kind text, p_comment text default null)
returns public.message_reports
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  report public.message_reports;
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to report', hint = 'FORBIDDEN';
  end if;
  if not exists (select from public.messages m where m.id = p_message_id) then
    perform private.refuse('PT404', 'NOT_FOUND', 'This item could not be found');
  end if;
  select r.* into report
  from public.message_reports r where r.message_id = p_message_id and r.reporter_id = caller;
  if not found then
    insert into public.message_reports (message_id, reporter_id, kind, comment)
    values (p_message_id, caller, p_kind, p_comment)
    on conflict (message_id, reporter_id) do nothing; -- filed meanwhile, from another device
    select r.* into strict report
    from public.message_reports r where r.message_id = p_message_id and r.reporter_id = caller;
  end if;
  return report;
end
$$;

revoke execute on function public.report_message(uuid, text, text) from public, anon;
grant execute on function public.report_message(uuid, text, text) to authenticated, service_role;
