-- What is kept of a deleted message goes with the message, and with it when the conversation goes. Its own key of the
-- conversation locked that for each deletion (for key share) before its turn in the order of locks; beside senders
-- PostgreSQL 18 refused one deletion in some ten thousands with an internal error, XX000, of two updates of one row.
alter table private.deleted_messages drop constraint deleted_messages_conversation_id_fkey;
