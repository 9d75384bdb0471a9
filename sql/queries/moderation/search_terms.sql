-- What a message must contain to match a text that is searched for, and whether an index finds it.
--   text     text
--   deleted  boolean  whether it is searched for among the deleted messages
select t.words::text as words, t.parts, t.words is not null and i.state = 'ready' and not %(deleted)s::boolean as indexed
from moderation.search_terms(%(text)s::text) as t
cross join moderation.search_index i;
