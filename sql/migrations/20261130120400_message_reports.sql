-- What people report to the operators, and what these make of it. See docs/operators/README.md.

-- The ids of the message are copied, so that a report of a purged message keeps its meaning. Its text is not: operators
-- read it where it is, also after its sender deleted it.
create table public.message_reports (
  id uuid primary key default gen_random_uuid(),
  message_id uuid not null,
  conversation_id uuid not null,
  organization_id uuid not null,
  sender_id uuid references public.user_profiles (id) on delete set null,
  -- Null: erased, and their comment with them.
  reporter_id uuid references public.user_profiles (id) on delete set null,
  kind text not null,
  comment text,
  status text not null default 'open',
  created_at timestamptz not null default now(),
  constraint message_reports_once unique (message_id, reporter_id),
  constraint message_reports_conversation_fkey foreign key (conversation_id, organization_id)
    references public.conversations (id, organization_id) on delete cascade,
  constraint message_reports_kind check (
    kind in ('spam', 'harassment', 'hate', 'violence', 'sexual', 'self_harm', 'illegal', 'other')
  ),
  constraint message_reports_comment check (char_length(comment) <= 1000),
  constraint message_reports_status check (status in ('open', 'claimed', 'resolved'))
);
alter table public.message_reports enable row level security;
create index message_reports_queue on public.message_reports (status, created_at, id);
create index message_reports_conversation on public.message_reports (conversation_id, organization_id);
create index message_reports_sender on public.message_reports (sender_id, created_at);
create index message_reports_reporter on public.message_reports (reporter_id, created_at);

-- Which operator holds a report, and the verdict. An open report has no row here.
create table private.report_reviews (
  report_id uuid primary key references public.message_reports (id) on delete cascade,
  claimed_by text,
  claimed_at timestamptz,
  verdict text,
  resolved_by text,
  resolved_at timestamptz,
  constraint report_reviews_verdict check (verdict in ('upheld', 'dismissed', 'duplicate')),
  constraint report_reviews_claimed check ((claimed_by is null) = (claimed_at is null)),
  constraint report_reviews_resolved check (num_nonnulls(verdict, resolved_by, resolved_at) in (0, 3)),
  constraint report_reviews_not_open check (claimed_by is not null or verdict is not null)
);

insert into private.limits (action, allowed, per, what)
values ('report', 30, '1 hour', 'messages reported');

-- A report that an operator names, for objects/moderation/reports.sql.
create type private.report_target as (
  place bigint, -- in the list of ids, from 1
  id uuid,
  message_id uuid,
  organization_id uuid,
  sender_id uuid,
  reporter_id uuid,
  status text,
  review jsonb, -- its row of private.report_reviews; null: open
  problem text -- why it cannot be acted upon: NOT_FOUND, CLAIMED or RESOLVED
);
