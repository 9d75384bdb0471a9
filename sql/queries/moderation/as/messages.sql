-- A page of a conversation as the client of the user that the transaction acts as shows it: newest first.
--   conversation_id  uuid
--   before           bigint   seq of the last message already shown; null: the first page
--   count            integer  1 to 200
select m.id, m.seq, m.created_at, m.updated_at, m.sender_id, m.sender_full_name, m.content, m.attachments, m.reactions
from public.get_messages_page(%(conversation_id)s::uuid, %(before)s::bigint, %(count)s::integer) as m;
