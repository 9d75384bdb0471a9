-- Claiming, releasing and resolving reports. An operator holds a report from claiming it until releasing or resolving it;
-- nobody else can claim or resolve it meanwhile.

-- The reports that an operator named, locked in the order of their ids, with what prevents acting upon them.
--   p_holder  who may hold them
create or replace function private.lock_reports(p_ids uuid[], p_holder text)
returns setof private.report_target
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC' -- reviews are compared as JSON
as $$
begin
  perform from public.message_reports r where r.id = any (p_ids) order by r.id for no key update;
  return query
  select
    n.place, n.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status,
    case when v.report_id is not null then to_jsonb(v) end,
    case
      when r.id is null then 'NOT_FOUND'
      when r.status = 'resolved' then 'RESOLVED'
      when v.claimed_by <> p_holder then 'CLAIMED'
    end
  from unnest(p_ids) with ordinality as n (id, place)
  left join public.message_reports r on r.id = n.id
  left join private.report_reviews v on v.report_id = n.id
  where not exists (select from unnest(p_ids) with ordinality as e (id, place) where e.id = n.id and e.place < n.place)
  order by n.place;
end
$$;

-- Change reports, and log it with what they were before. Returns the action's id; null without changes.
--   p_changes  [{id, message_id, before, after}]; before and after are rows of private.report_reviews, null: open
create or replace function private.change_reports(
  p_action text, p_changes jsonb, p_actor text, p_reason text, p_ticket text, p_details jsonb default '{}'
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  ids uuid[] := array(select (c.change ->> 'id')::uuid from jsonb_array_elements(p_changes) as c (change));
  organizations uuid[];
begin
  if cardinality(ids) = 0 then
    return null;
  end if;
  delete from private.report_reviews v where v.report_id = any (ids);
  insert into private.report_reviews (report_id, claimed_by, claimed_at, verdict, resolved_by, resolved_at)
  select v.report_id, v.claimed_by, v.claimed_at, v.verdict, v.resolved_by, v.resolved_at
  from jsonb_array_elements(p_changes) as c (change)
  cross join lateral jsonb_populate_record(null::private.report_reviews, c.change -> 'after') as v
  where c.change -> 'after' <> 'null';
  update public.message_reports r
  set status = case
    when v.report_id is null then 'open' when v.verdict is null then 'claimed' else 'resolved'
  end
  from unnest(ids) as n (id) left join private.report_reviews v on v.report_id = n.id
  where r.id = n.id;
  organizations := array(select distinct r.organization_id from public.message_reports r where r.id = any (ids));
  return private.log_act(
    p_action, array(select 'report:' || n.id from unnest(ids) with ordinality as n (id, place) order by n.place),
    p_actor, p_reason, p_ticket,
    case when cardinality(organizations) = 1 then organizations[1] end,
    p_details || jsonb_build_object('reports', p_changes)
  );
end
$$;

-- The changes that give some of these reports another review.
--   p_review  what is new in it; null: it is open again
create or replace function private.report_changes(p_reports private.report_target[], p_ids uuid[], p_review jsonb)
returns jsonb
language sql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'id', r.id, 'message_id', r.message_id, 'before', r.review,
      'after', to_jsonb(jsonb_populate_record(
        null::private.report_reviews, jsonb_build_object('report_id', r.id) || coalesce(r.review, '{}') || p_review
      ))
    ) order by r.place
  ), '[]')
  from unnest(p_reports) as r
  where r.id = any (p_ids)
$$;

-- What became of each report: done, noop (it was so already), or failed with its problem.
create or replace function private.report_outcomes(
  p_action_id bigint, p_reports private.report_target[], p_done uuid[]
)
returns table (action_id bigint, id uuid, status text, problem text)
language sql
set search_path = pg_catalog, pg_temp
as $$
  select
    case when r.id = any (p_done) then p_action_id end, r.id,
    case
      when r.id = any (p_done) then 'done' when r.problem = 'CHANGED' then 'skipped' when r.problem is not null then 'failed'
      else 'noop'
    end,
    r.problem
  from unnest(p_reports) as r
  order by r.place
$$;

-- The people whom the reason of an act on these reports must not name.
create or replace function private.people_of_reports(p_reports private.report_target[])
returns uuid[]
language sql
set search_path = pg_catalog, pg_temp
as $$
  select array(select r.sender_id from unnest(p_reports) as r union select r.reporter_id from unnest(p_reports) as r)
$$;

-- `chatctl report claim`: hold open reports.
create or replace function moderation.claim_reports(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  reports private.report_target[] := array(select r from private.lock_reports(p_ids, p_actor) as r);
  done uuid[] := array(select r.id from unnest(reports) as r where r.status = 'open');
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of_reports(reports));
  return query select o.* from private.report_outcomes(
    private.change_reports(
      'report.claim',
      private.report_changes(
        reports, done, jsonb_build_object('claimed_by', p_actor, 'claimed_at', clock_timestamp())
      ),
      p_actor, p_reason, p_ticket
    ),
    reports, done
  ) as o;
end
$$;

-- `chatctl report release`: give claimed reports back to the queue.
--   p_holder  who holds them; null: the actor
create or replace function moderation.release_reports(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null, p_holder text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  reports private.report_target[] := array(
    select r from private.lock_reports(p_ids, coalesce(p_holder, p_actor)) as r
  );
  done uuid[] := array(select r.id from unnest(reports) as r where r.problem is null and r.status = 'claimed');
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of_reports(reports));
  return query select o.* from private.report_outcomes(
    private.change_reports(
      'report.release', private.report_changes(reports, done, null), p_actor, p_reason, p_ticket
    ),
    reports, done
  ) as o;
end
$$;

-- `chatctl report resolve`: close reports, and act upon their messages or senders in the same transaction.
--   p_verdict  upheld, dismissed or duplicate
--   p_do       for upheld: delete or redact the messages, or suspend their senders; null: none of these
create or replace function moderation.resolve_reports(
  p_ids uuid[], p_verdict text, p_actor text, p_reason text, p_ticket text default null, p_do text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  reports private.report_target[];
  done uuid[];
  details jsonb := jsonb_build_object('verdict', p_verdict);
begin
  if (p_verdict in ('upheld', 'dismissed', 'duplicate')) is not true then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A verdict is upheld, dismissed or duplicate');
  elsif p_do is not null and (p_do not in ('delete', 'redact', 'suspend') or p_verdict <> 'upheld') then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'Only an upheld report can delete or redact the message, or suspend its sender');
  end if;
  reports := array(
    select (
      r.place, r.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status, r.review,
      case when r.review ->> 'resolved_by' = p_actor and r.review ->> 'verdict' = p_verdict then null else r.problem end
    )::private.report_target
    from private.lock_reports(p_ids, p_actor) as r
    order by r.place
  );
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of_reports(reports));
  done := array(select r.id from unnest(reports) as r where r.problem is null and r.status <> 'resolved');
  if p_do = 'suspend' then
    select s.reports, details || jsonb_build_object('do', p_do, 'suspensions', s.action_ids)
    into reports, details
    from private.suspend_reported(reports, done, p_actor, p_reason, p_ticket) as s;
    done := array(select r.id from unnest(reports) as r where r.problem is null and r.id = any (done));
  elsif p_do is not null then
    select a.reports, details || jsonb_build_object('do', p_do, 'message_action', a.action_id)
    into reports, details
    from private.act_on_reported(p_do, reports, done, p_actor, p_reason, p_ticket) as a;
    done := array(select r.id from unnest(reports) as r where r.problem is null and r.id = any (done));
  end if;
  return query select o.* from private.report_outcomes(
    private.change_reports(
      'report.resolve',
      private.report_changes(
        reports, done,
        jsonb_build_object('verdict', p_verdict, 'resolved_by', p_actor, 'resolved_at', clock_timestamp())
      ),
      p_actor, p_reason, p_ticket, details
    ),
    reports, done
  ) as o;
end
$$;

-- Delete, redact or restore the messages of some of these reports. Returns the reports, with a problem where the message
-- has one, and the action's id; null if no message was changed.
--   p_deletion  for restore: the action that deleted the messages
create or replace function private.act_on_reported(
  p_do text, p_reports private.report_target[], p_ids uuid[], p_actor text, p_reason text, p_ticket text,
  p_deletion private.moderation_log default null,
  out reports private.report_target[], out action_id bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  message_ids uuid[] := array(select distinct r.message_id from unnest(p_reports) as r where r.id = any (p_ids));
  problems jsonb;
begin
  case p_do
    when 'delete' then
      select max(o.action_id), jsonb_object_agg(o.id, o.problem) into action_id, problems
      from moderation.delete_messages(message_ids, p_actor, p_reason, p_ticket) as o;
    when 'redact' then
      select max(o.action_id), jsonb_object_agg(o.id, o.problem) into action_id, problems
      from moderation.redact_messages(message_ids, p_actor, p_reason, p_ticket) as o;
    when 'restore' then
      select max(o.action_id), jsonb_object_agg(o.id, o.problem) into action_id, problems
      from private.undo_deletion(p_deletion, message_ids, p_actor, p_reason, p_ticket) as o;
  end case;
  reports := array(
    select (
      r.place, r.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status, r.review,
      case
        when r.id <> all (p_ids) then r.problem
        when problems ->> r.message_id::text = 'NOT_FOUND' then 'PURGED'
        else problems ->> r.message_id::text
      end
    )::private.report_target
    from unnest(p_reports) as r
    order by r.place
  );
end
$$;

-- Suspend the senders of some of these reports, until that is lifted. Returns the reports, with a problem where the sender
-- was erased, and the ids of the actions.
create or replace function private.suspend_reported(
  p_reports private.report_target[], p_ids uuid[], p_actor text, p_reason text, p_ticket text,
  out reports private.report_target[], out action_ids bigint[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  action_ids := array(
    select o.action_id
    from (
      select distinct r.sender_id from unnest(p_reports) as r where r.id = any (p_ids) and r.sender_id is not null order by 1
    ) as s
    cross join lateral moderation.suspend_user(s.sender_id, p_actor, p_reason, p_ticket) as o
    where o.action_id is not null
  );
  reports := array(
    select (
      r.place, r.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status, r.review,
      case when r.id = any (p_ids) and r.sender_id is null then 'ERASED' else r.problem end
    )::private.report_target
    from unnest(p_reports) as r
    order by r.place
  );
end
$$;

revoke execute on function private.lock_reports(uuid[], text) from public;
revoke execute on function private.change_reports(text, jsonb, text, text, text, jsonb) from public;
revoke execute on function private.report_changes(private.report_target[], uuid[], jsonb) from public;
revoke execute on function private.report_outcomes(bigint, private.report_target[], uuid[]) from public;
revoke execute on function private.people_of_reports(private.report_target[]) from public;
revoke execute on function private.act_on_reported(
  text, private.report_target[], uuid[], text, text, text, private.moderation_log
) from public;
revoke execute on function private.suspend_reported(private.report_target[], uuid[], text, text, text) from public;
revoke execute on function moderation.claim_reports(uuid[], text, text, text) from public;
revoke execute on function moderation.release_reports(uuid[], text, text, text, text) from public;
revoke execute on function moderation.resolve_reports(uuid[], text, text, text, text, text) from public;
