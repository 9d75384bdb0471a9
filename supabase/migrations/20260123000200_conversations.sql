-- Conversations and who takes part in them.

create table public.conversations (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations (id) on delete cascade,
  name text,
  is_group boolean not null default false,
  created_by uuid references public.user_profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Kept by the database: the seq of the last message, of the last one not deleted (0: none),
  -- how many are not deleted, and how many people take part.
  last_seq bigint not null default 0,
  last_message_seq bigint not null default 0,
  message_count bigint not null default 0,
  participant_count integer not null default 0,
  -- What messages refer to, so that a message is always in the organization of its conversation.
  constraint conversations_id_organization unique (id, organization_id),
  constraint conversations_name check (
    case when is_group then name is not null and char_length(btrim(name)) > 0 and char_length(name) <= 255
    else name is null end
  ),
  constraint conversations_participant_count check (
    participant_count between 0 and case when is_group then 50 else 2 end
  ),
  constraint conversations_counts check (
    last_seq >= last_message_seq and last_message_seq >= 0 and message_count between 0 and last_seq
  )
)
-- Every message updates its conversation: room in the page keeps those updates off the indexes.
with (fillfactor = 70);
alter table public.conversations enable row level security;

create index conversations_organization on public.conversations (organization_id);
create index conversations_created_by on public.conversations (created_by);

create table public.conversation_participants (
  -- Of its own, and the replica identity: Realtime sends the key of a deleted row to every subscriber,
  -- and (conversation_id, user_id) would tell them who left where.
  id uuid primary key default gen_random_uuid(),
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  user_id uuid not null references public.user_profiles (id) on delete cascade,
  joined_at timestamptz not null default now(),
  last_read_at timestamptz,
  is_starred boolean not null default false,
  is_muted boolean not null default false,
  constraint unique_conversation_participant unique (conversation_id, user_id)
);
alter table public.conversation_participants enable row level security;

create index conversation_participants_user on public.conversation_participants (user_id, conversation_id);

-- One direct conversation per pair and organization; the smaller id first.
create table private.direct_conversations (
  organization_id uuid not null references public.organizations (id) on delete cascade,
  user_a uuid not null references public.user_profiles (id) on delete cascade,
  user_b uuid not null references public.user_profiles (id) on delete cascade,
  conversation_id uuid not null unique references public.conversations (id) on delete cascade,
  constraint one_direct_conversation primary key (organization_id, user_a, user_b),
  constraint direct_conversations_order check (user_a < user_b)
);
create index direct_conversations_user_a on private.direct_conversations (user_a);
create index direct_conversations_user_b on private.direct_conversations (user_b);

-- How far a participant has read. seen_count is the number of messages that are not deleted and are
-- either read or the participant's own, so that unread = conversations.message_count - seen_count.
-- Beside the participant, not in it: a send changes its sender's row, and Realtime publishes participants.
create table private.read_states (
  conversation_id uuid not null,
  user_id uuid not null,
  last_read_seq bigint not null default 0,
  seen_count bigint not null default 0,
  primary key (conversation_id, user_id),
  constraint read_states_participant foreign key (conversation_id, user_id)
    references public.conversation_participants (conversation_id, user_id) on delete cascade
)
with (fillfactor = 70);
