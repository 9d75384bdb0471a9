-- How much of what one user may write, and what they have written lately.

create table private.limits (
  action text primary key,
  allowed bigint not null,
  per interval not null,
  what text not null,
  constraint limits_allowed check (allowed >= 1),
  constraint limits_per check (per between interval '1 second' and interval '30 days'),
  -- Never more than 10 messages in any 60 seconds; fewer, or in a longer time, an operator may choose.
  constraint limits_message check (action <> 'message' or (allowed <= 10 and per >= interval '60 seconds'))
);

-- Where these numbers come from: docs/backend.md. An operator changes them (private.set_limit), no migration does.
insert into private.limits (action, allowed, per, what)
values
  ('message', 10, '60 seconds', 'messages sent'),
  ('edit', 30, '1 minute', 'edits of one''s own messages'),
  ('delete', 60, '1 minute', 'messages deleted'),
  ('reaction', 60, '1 minute', 'messages whose reactions one changes'),
  ('mark', 1000, '1 minute', 'conversations marked as read, starred or muted; once more for each 1,000 messages left unread'),
  ('touch', 30, '1 minute', 'changes of a conversation''s updated_at'),
  ('rename', 10, '10 minutes', 'new names of groups'),
  ('conversation', 30, '1 hour', 'conversations started'),
  ('add', 1000, '1 hour', 'people added to conversations'),
  ('remove', 100, '1 hour', 'people removed from groups, and groups left'),
  ('return', 1, '7 days', 'times that somebody left a group, before they are added to it again'),
  ('profile', 20, '1 hour', 'changes of one''s profile'),
  ('upload', 100, '1 hour', 'files uploaded'),
  ('upload_bytes', 524288000, '1 hour', 'bytes uploaded');

-- The writes that still count, oldest first: when, and how much. A sixtieth of the time that a limit looks back to is one
-- entry. Changed by the one whose turn it is, see take_turn.
create table private.action_windows (
  user_id uuid not null references public.user_profiles (id) on delete cascade,
  action text not null,
  at timestamptz[] not null,
  amount bigint[] not null,
  primary key (user_id, action),
  constraint action_windows_same_length check (cardinality(at) = cardinality(amount))
)
with (fillfactor = 50);

-- When people left groups by their own will, as far as it counts.
create table private.departures (
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  user_id uuid not null references public.user_profiles (id) on delete cascade,
  left_at timestamptz[] not null,
  primary key (conversation_id, user_id)
);
create index departures_user on private.departures (user_id);
