-- Drop the index of the words of messages.
drop index concurrently if exists public.messages_search;
