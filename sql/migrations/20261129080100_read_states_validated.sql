-- A file of its own: where each is a transaction, as with the Supabase CLI, reading every row needs a weaker lock than
-- adding the constraint did.
alter table private.read_states validate constraint read_states_conversation;
