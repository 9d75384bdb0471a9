-- The state of the optional indexes for `message search`, and how large they are.
select i.state, i.bytes
from moderation.search_index i;
