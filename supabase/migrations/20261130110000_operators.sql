-- What operators do, in a log that shows when it was rewritten and from which a user can be erased. See docs/operators/README.md.

-- The functions and views that operators use. No API role may enter it.
create schema moderation;

-- Replaces users' ids in the log: deleted with the user, after which nothing connects the log with them.
create table private.log_pseudonyms (
  pseudonym uuid primary key default gen_random_uuid(),
  user_id uuid not null unique references public.user_profiles (id) on delete cascade
);

-- The key of the hashes of removed content, so that nobody who reads the log can guess what it was.
create table private.moderation_key (
  only_row boolean primary key default true,
  key bytea not null,
  constraint moderation_key_only_row check (only_row)
);
insert into private.moderation_key (key)
values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

alter table private.moderation_log
  add column ticket text,
  add column targets text[] not null default '{}',
  add column job_id uuid,
  add column database_role text,
  add column client text,
  add column previous_hash bytea,
  add column hash bytea;

-- The last row of the log. Locked while a row is added, so that each row has exactly one successor.
create table private.moderation_log_head (
  only_row boolean primary key default true,
  log_id bigint not null,
  hash bytea not null,
  constraint moderation_log_head_only_row check (only_row)
);

-- Updated with every hold, for transactions whose snapshot may be older than the hold: they cannot lock its latest version.
create table private.holds_changed (
  only_row boolean primary key default true,
  at timestamptz not null default clock_timestamp(),
  constraint holds_changed_only_row check (only_row)
);
insert into private.holds_changed default values;

-- Also in objects/moderation, which are applied after this.
create or replace function private.moderation_log_hash(p_entry private.moderation_log)
returns bytea
language sql immutable
set search_path = ''
as $$
  select sha256(p_entry.previous_hash || convert_to((
    select jsonb_object_agg(e.key, e.value)::text
    from jsonb_each(
      to_jsonb(p_entry) - array['previous_hash', 'hash']
      || jsonb_build_object('at', extract(epoch from p_entry.at), 'targets_dims', array_dims(p_entry.targets))
    ) as e (key, value)
    where e.value <> 'null'
  ), 'UTF8'))
$$;

do $$
declare
  entry private.moderation_log;
  last_id bigint := 0;
  last_hash bytea := '\x';
begin
  -- The trigger exists where an earlier release was applied.
  if exists (select from pg_catalog.pg_trigger t where t.tgname = 'moderation_log_is_append_only') then
    alter table private.moderation_log disable trigger moderation_log_is_append_only;
  end if;
  for entry in select l.* from private.moderation_log l order by l.id loop
    entry.previous_hash := last_hash;
    last_id := entry.id;
    last_hash := private.moderation_log_hash(entry);
    update private.moderation_log l
    set previous_hash = entry.previous_hash, hash = last_hash
    where l.id = entry.id;
  end loop;
  insert into private.moderation_log_head (log_id, hash) values (last_id, last_hash);
  if exists (select from pg_catalog.pg_trigger t where t.tgname = 'moderation_log_is_append_only') then
    alter table private.moderation_log enable trigger moderation_log_is_append_only;
  end if;
end
$$;

alter table private.moderation_log
  alter column previous_hash set not null,
  alter column hash set not null,
  add constraint moderation_log_one_successor unique (previous_hash);
create index moderation_log_targets on private.moderation_log using gin (targets);
create index moderation_log_at on private.moderation_log (at);

-- When a deleted message was last changed before, for restoring it; and since when nothing of it is kept.
alter table private.deleted_messages
  add column updated_at timestamptz,
  add column redacted_at timestamptz;

-- Explains a gap in the seqs of a conversation.
create table private.purged_messages (
  message_id uuid primary key,
  conversation_id uuid not null references public.conversations (id) on delete cascade,
  seq bigint not null,
  sent_at timestamptz not null,
  purged_at timestamptz not null default now(),
  constraint purged_messages_seq unique (conversation_id, seq)
);

-- Files of redacted and purged messages. Nobody can read them while they wait here for Storage to delete them.
create table private.files_to_delete (
  bucket_id text not null,
  name text not null,
  conversation_id uuid not null,
  attachment_id text not null,
  sender_id uuid,
  since timestamptz not null default now(),
  primary key (bucket_id, name)
);
create index files_to_delete_conversation on private.files_to_delete (conversation_id, attachment_id);

-- A message that an operator names, for objects/moderation/lock_messages.sql.
create type private.message_target as (
  place bigint, -- in the list of ids, from 1
  id uuid,
  conversation_id uuid,
  organization_id uuid,
  sender_id uuid,
  deleted boolean,
  redacted boolean,
  version text, -- changes when the content does, or when the message is deleted or restored
  problem text -- why it cannot be acted upon: NOT_FOUND, CHANGED or HELD
);
