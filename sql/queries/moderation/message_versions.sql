-- The versions of messages, in the order of their ids in the list.
--   ids  uuid[]
select v.id, v.version
from moderation.message_versions(%(ids)s::uuid[]) as v;
