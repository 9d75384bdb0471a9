-- In a transaction of its own: reading every row needs a weaker lock than adding the constraint did.
alter table private.read_states validate constraint read_states_conversation;
