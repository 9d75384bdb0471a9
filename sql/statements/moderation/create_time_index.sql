-- Index messages by time, in which `message search` returns them.
create index concurrently messages_time on public.messages (created_at, id);
