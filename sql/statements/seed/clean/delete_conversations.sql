-- Delete conversations with all their rows, table by table, because foreign keys may be disabled.
--   conversations  uuid[]
with
report_reviews as (
  delete from private.report_reviews t
  where t.report_id in (select r.id from public.message_reports r where r.conversation_id = any (%(conversations)s::uuid[]))
),
reports as (
  delete from public.message_reports t where t.conversation_id = any (%(conversations)s::uuid[])
),
mutes as (
  delete from private.mutes t where t.conversation_id = any (%(conversations)s::uuid[])
),
undo_states as (
  delete from private.undo_states t where t.conversation_id = any (%(conversations)s::uuid[])
),
purged_messages as (
  delete from private.purged_messages t where t.conversation_id = any (%(conversations)s::uuid[])
),
deleted_attachments as (
  delete from private.deleted_attachments t where t.conversation_id = any (%(conversations)s::uuid[]) returning 1
),
deleted_messages as (
  delete from private.deleted_messages t where t.conversation_id = any (%(conversations)s::uuid[]) returning 1
),
messages as (
  delete from public.messages t where t.conversation_id = any (%(conversations)s::uuid[]) returning 1
),
read_states as (
  delete from private.read_states t where t.conversation_id = any (%(conversations)s::uuid[]) returning 1
),
departures as (
  delete from private.departures t where t.conversation_id = any (%(conversations)s::uuid[])
),
participants as (
  delete from public.conversation_participants t where t.conversation_id = any (%(conversations)s::uuid[]) returning 1
),
direct_conversations as (
  delete from private.direct_conversations t where t.conversation_id = any (%(conversations)s::uuid[]) returning 1
),
conversations as (
  delete from public.conversations t where t.id = any (%(conversations)s::uuid[]) returning 1
)
select w.name, w.rows
from (
  values
    (1, 'conversations', (select count(*) from conversations)),
    (2, 'conversation_participants', (select count(*) from participants)),
    (3, 'direct_conversations', (select count(*) from direct_conversations)),
    (4, 'messages', (select count(*) from messages)),
    (5, 'deleted_messages', (select count(*) from deleted_messages)),
    (6, 'deleted_attachments', (select count(*) from deleted_attachments)),
    (7, 'read_states', (select count(*) from read_states))
) as w (place, name, rows)
order by w.place;
