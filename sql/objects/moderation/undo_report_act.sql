-- Undo an act on reports: each becomes what it was before, unless it was changed since. Messages that were deleted with
-- the verdict are restored, unless another report of them is upheld, and senders who were suspended with it are as before;
-- if their suspension was changed since, nothing is undone.
create or replace function private.undo_report_act(
  p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text
)
returns table (action text, action_id bigint, id text, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  inverse text := case p_entry.action
    when 'report.claim' then 'report.release' when 'report.release' then 'report.claim' else 'report.reopen'
  end;
  changes jsonb := p_entry.details -> 'reports';
  message_action bigint := p_entry.details ->> 'message_action';
  deletion private.moderation_log;
  reports private.report_target[];
  done uuid[];
  details jsonb := '{}';
begin
  if message_action is not null and p_entry.details ->> 'do' = 'redact' then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'The message was redacted with this verdict, which cannot be undone');
  end if;
  reports := array(
    select (
      r.place, r.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status, r.review,
      case
        when r.problem = 'NOT_FOUND' then r.problem
        when private.changed_since(p_entry.details -> 'suspensions') then 'CHANGED'
        when coalesce(r.review, 'null') not in (c.change -> 'before', c.change -> 'after') then 'CHANGED'
      end
    )::private.report_target
    from private.lock_reports(
      array(select (c.change ->> 'id')::uuid from jsonb_array_elements(changes) as c (change)), p_actor
    ) as r
    join jsonb_array_elements(changes) as c (change) on c.change ->> 'id' = r.id::text
  );
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of_reports(reports));
  done := array(
    select r.id from unnest(reports) as r
    join jsonb_array_elements(changes) as c (change) on c.change ->> 'id' = r.id::text
    where r.problem is null and coalesce(r.review, 'null') = c.change -> 'after'
  );
  if message_action is not null then
    select l.* into strict deletion from private.moderation_log l where l.id = message_action;
    -- Wait for another verdict on the same messages, before looking for it.
    perform from public.messages m where m.id in (select r.message_id from unnest(reports) as r) order by m.id for no key update;
    select a.reports, jsonb_build_object('message_action', a.action_id) into reports, details
    from private.act_on_reported('restore', reports, array(
      select r.id from unnest(reports) as r
      where r.id = any (done) and 'message:' || r.message_id = any (deletion.targets)
        and not exists (
          select from public.message_reports o
          join private.report_reviews v on v.report_id = o.id
          where o.message_id = r.message_id and v.verdict = 'upheld' and o.id <> all (done)
        )
    ), p_actor, p_reason, p_ticket, deletion) as a;
    done := array(select r.id from unnest(reports) as r where r.problem is null and r.id = any (done));
  end if;
  if p_entry.details ? 'suspensions' and cardinality(done) > 0 then
    details := jsonb_build_object('suspensions', array(
      select distinct u.action_id
      from jsonb_array_elements_text(p_entry.details -> 'suspensions') as s (action_id)
      cross join lateral private.undo_changes(s.action_id::bigint, p_actor, p_reason, p_ticket) as u
      where u.action_id is not null
    ));
  end if;
  action_id := private.change_reports(
    inverse,
    (
      select coalesce(jsonb_agg(
        c.change || jsonb_build_object('before', c.change -> 'after', 'after', c.change -> 'before') order by c.place
      ), '[]')
      from jsonb_array_elements(changes) with ordinality as c (change, place)
      where (c.change ->> 'id')::uuid = any (done)
    ),
    p_actor, p_reason, p_ticket, details
  );
  return query
  select inverse, o.action_id, o.id::text, o.status, o.problem
  from private.report_outcomes(action_id, reports, done) as o;
end
$$;

-- Whether what one of these actions did was changed by a later action, so that it cannot be undone.
create or replace function private.changed_since(p_action_ids jsonb)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from jsonb_array_elements_text(p_action_ids) as a (id)
    join private.undo_states u on u.action_id = a.id::bigint
    cross join lateral private.state_of(u.kind, u.user_id, u.organization_id, u.conversation_id) as s (state)
    where not private.same_state(u.kind, s.state, u.state_before) and not private.same_state(u.kind, s.state, u.state_after)
  )
$$;

revoke execute on function private.changed_since(jsonb) from public;
revoke execute on function private.undo_report_act(private.moderation_log, text, text, text) from public;
