-- What operators do: suspensions, holds, and the log of every act.

create table private.suspensions (
  user_id uuid primary key references public.user_profiles (id) on delete cascade,
  reason text not null,
  suspended_at timestamptz not null default now(),
  -- Null: until lifted.
  suspended_until timestamptz,
  constraint suspensions_reason check (char_length(btrim(reason)) > 0)
);

create table private.holds (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  reason text not null,
  organization_id uuid references public.organizations (id),
  conversation_id uuid references public.conversations (id),
  user_id uuid references public.user_profiles (id),
  created_at timestamptz not null default now(),
  released_at timestamptz,
  constraint holds_name check (char_length(btrim(name)) > 0),
  constraint holds_reason check (char_length(btrim(reason)) > 0),
  constraint holds_one_subject check (num_nonnulls(organization_id, conversation_id, user_id) = 1)
);
create index holds_organization on private.holds (organization_id);
create index holds_conversation on private.holds (conversation_id);
create index holds_user on private.holds (user_id);

-- No foreign key: what was done stays when the one it was done to is gone.
create table private.moderation_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  organization_id uuid,
  target_type text not null,
  target_id text not null,
  reason text not null,
  details jsonb not null default '{}',
  constraint moderation_log_actor check (char_length(btrim(actor)) > 0),
  constraint moderation_log_reason check (char_length(btrim(reason)) > 0)
);
create index moderation_log_target on private.moderation_log (target_type, target_id);
