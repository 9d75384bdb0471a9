-- What operators may do to people and conversations: mutes, locks, reasons that their users see, and what undo needs to
-- restore what was there before. See docs/operators/README.md.

alter table private.suspensions
  add column visible_reason text,
  -- auth.users.banned_until as this suspension set it, and as it was before. Lifting the suspension restores the latter.
  add column ban_set timestamptz,
  add column ban_replaced timestamptz;

-- Who may read but not write: everywhere, in one organization or in one conversation.
create table private.mutes (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.user_profiles (id) on delete cascade,
  organization_id uuid references public.organizations (id) on delete cascade,
  conversation_id uuid references public.conversations (id) on delete cascade,
  reason text not null,
  -- What the user is told; null: nothing.
  visible_reason text,
  muted_at timestamptz not null default now(),
  -- Null: until lifted.
  muted_until timestamptz,
  constraint mutes_one_per_place unique nulls not distinct (user_id, organization_id, conversation_id),
  constraint mutes_one_place check (num_nonnulls(organization_id, conversation_id) <= 1),
  constraint mutes_reason check (char_length(btrim(reason)) > 0)
);
create index mutes_organization on private.mutes (organization_id);
create index mutes_conversation on private.mutes (conversation_id);

-- When the last of a user's mutes ends (infinity: not by itself), for every message to look at: its row is locked anyway.
alter table private.send_windows add column muted_until timestamptz;

-- Participants see since when nobody can write, and why. Both or none; a check constraint would cost every message.
alter table public.conversations
  add column locked_at timestamptz,
  add column lock_reason text;

-- What an action replaced, and by what. Beside the log, because it may name people: it goes with them.
create table private.undo_states (
  id bigint generated always as identity primary key,
  action_id bigint not null,
  kind text not null,
  user_id uuid references public.user_profiles (id) on delete cascade,
  organization_id uuid references public.organizations (id) on delete cascade,
  conversation_id uuid references public.conversations (id) on delete cascade,
  state_before jsonb,
  state_after jsonb,
  constraint undo_states_kind check (kind in ('suspension', 'mute', 'lock', 'participant'))
);
create index undo_states_action on private.undo_states (action_id);
create index undo_states_user on private.undo_states (user_id);
create index undo_states_organization on private.undo_states (organization_id);
create index undo_states_conversation on private.undo_states (conversation_id);
