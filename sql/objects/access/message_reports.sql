-- Reports: filed by participants about messages of their conversations, as themselves; read by who filed them. What
-- operators make of them is in private.report_reviews.
revoke all on public.message_reports from public, anon, authenticated;
revoke update, delete, truncate on public.message_reports from service_role; -- operators change them, with a row in the log
grant select on public.message_reports to authenticated;
grant insert (message_id, reporter_id, kind, comment) on public.message_reports to authenticated;

drop policy if exists "people read their own reports" on public.message_reports;
create policy "people read their own reports"
on public.message_reports for select to authenticated
using (reporter_id = (select private.current_user_id()));

drop policy if exists "participants report messages as themselves" on public.message_reports;
create policy "participants report messages as themselves"
on public.message_reports for insert to authenticated
with check (
  reporter_id = (select private.current_user_id())
  and exists (
    select from private.my_participations p where p.conversation_id = message_reports.conversation_id
  )
);
