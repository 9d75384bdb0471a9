-- No position of reading is before there was chat. Those that are said nothing: nothing has been read. The constraint comes
-- first, so that no other can be written meanwhile.
alter table public.conversation_participants
  add constraint conversation_participants_last_read_at check (last_read_at >= '2000-01-01 00:00:00Z') not valid;

update public.conversation_participants p set last_read_at = null where p.last_read_at < '2000-01-01 00:00:00Z';
