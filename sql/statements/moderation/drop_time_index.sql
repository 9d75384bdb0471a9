-- Drop the index of messages by time.
drop index concurrently if exists public.messages_time;
