-- Messages, what is kept of deleted ones, and how often a sender has sent.

create function private.valid_attachments(attachments jsonb)
returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when attachments is null then true
    when jsonb_typeof(attachments) <> 'array' then false
    when jsonb_array_length(attachments) > 5 then false
    else (
      -- An absent key makes a comparison null, which bool_and would pass over.
      select coalesce(bool_and(coalesce(
        jsonb_typeof(a) = 'object'
        and jsonb_typeof(a -> 'id') = 'string'
        and jsonb_typeof(a -> 'name') = 'string' and char_length(a ->> 'name') between 1 and 255
        and a ->> 'type' in (
          'image/jpeg', 'image/png', 'image/gif', 'image/webp', 'application/pdf', 'application/msword',
          'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
          'application/vnd.ms-excel',
          'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
        )
        and jsonb_typeof(a -> 'url') = 'string' and char_length(a ->> 'url') between 1 and 2048
        -- The text decides before any cast: 1e400 is a number to JSON.
        and jsonb_typeof(a -> 'size') = 'number'
        and case when a ->> 'size' ~ '^[0-9]{1,8}$' then (a ->> 'size')::bigint <= 10485760 else false end,
        false)), true)
      and coalesce(sum(case when a ->> 'size' ~ '^[0-9]{1,8}$' then (a ->> 'size')::bigint end), 0) <= 52428800
      from jsonb_array_elements(attachments) as e (a)
    )
  end
$$;

create function private.valid_reactions(reactions jsonb)
returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when jsonb_typeof(reactions) <> 'array' then false
    when jsonb_array_length(reactions) > 1000 then false
    else (
      select coalesce(bool_and(coalesce(
        case when jsonb_typeof(r) = 'object' then r - 'userId' - 'emoji' = '{}' else false end
        and jsonb_typeof(r -> 'userId') = 'string'
        and r ->> 'userId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        and jsonb_typeof(r -> 'emoji') = 'string' and char_length(r ->> 'emoji') between 1 and 32,
        false)), true)
      and count(*) = count(distinct r)
      from jsonb_array_elements(reactions) as e (r)
    )
  end
$$;

-- A check constraint runs as whoever writes the row.
revoke execute on function private.valid_attachments(jsonb), private.valid_reactions(jsonb) from public;
grant execute on function private.valid_attachments(jsonb), private.valid_reactions(jsonb)
  to authenticated, service_role;

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null,
  conversation_id uuid not null,
  sender_id uuid references public.user_profiles (id) on delete set null,
  content text,
  attachments jsonb,
  reactions jsonb not null default '[]',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  -- 1, 2, 3 … within the conversation, in the order of commit.
  seq bigint not null,
  constraint messages_conversation_fkey foreign key (conversation_id, organization_id)
    references public.conversations (id, organization_id) on delete cascade,
  constraint messages_conversation_seq unique (conversation_id, seq),
  constraint messages_seq check (seq > 0),
  constraint messages_not_empty check (
    deleted_at is not null
    -- A check that comes out null passes: absent content counts as empty.
    or coalesce(char_length(btrim(content, E' \t\r\n')), 0) > 0
    or coalesce(attachments, '[]') <> '[]'
  ),
  constraint messages_content_length check (char_length(content) <= 4000),
  constraint messages_attachments_valid check (private.valid_attachments(attachments)),
  constraint messages_reactions_valid check (private.valid_reactions(reactions)),
  constraint messages_tombstone_empty check (
    deleted_at is null or (content is null and attachments is null and reactions = '[]')
  )
);
alter table public.messages enable row level security;

-- The plan's page, and the message that a moment of reading points at.
create index messages_page on public.messages (conversation_id, created_at);
-- Messages of one sender: erasure, and unread of somebody who comes back.
create index messages_sender on public.messages (sender_id, conversation_id);

-- What a deleted message said, for an operator to restore.
create table private.deleted_messages (
  message_id uuid primary key references public.messages (id) on delete cascade,
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  sender_id uuid,
  content text,
  attachments jsonb,
  reactions jsonb not null,
  deleted_at timestamptz not null,
  deleted_by uuid
);
create index deleted_messages_conversation on private.deleted_messages (conversation_id);

-- The files of deleted messages, which the Storage policies hide.
create table private.deleted_attachments (
  message_id uuid not null references private.deleted_messages (message_id) on delete cascade,
  attachment_id text not null,
  conversation_id uuid not null,
  sender_id uuid,
  primary key (message_id, attachment_id)
);
create index deleted_attachments_file on private.deleted_attachments (conversation_id, attachment_id);

-- When a sender's last ten messages were accepted, oldest first.
create table private.send_windows (
  user_id uuid primary key references public.user_profiles (id) on delete cascade,
  sent_at timestamptz[] not null default '{}'
)
with (fillfactor = 50);
