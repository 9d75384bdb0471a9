-- A file of its own: where each is a transaction, as with the Supabase CLI, reading every row needs a weaker lock than
-- adding the constraint did.
alter table public.conversation_participants validate constraint conversation_participants_last_read_at;
