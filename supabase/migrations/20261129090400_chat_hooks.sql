-- What PostgREST calls by itself, in whatever role a request has: anon may enter this schema and no other of ours. The API
-- does not expose it.
create schema chat_hooks;
