-- What read states have left of a key when the one with a cascade goes, see 20261129090600_read_states_without_cascade.sql.
alter table private.read_states
  add constraint read_states_conversation foreign key (conversation_id)
    references public.conversations (id) on delete cascade not valid;
