-- conversations_checked asks the same, of the statements that change these columns: see sql/objects/triggers.
alter table public.conversations drop constraint conversations_name, drop constraint conversations_participant_count;
