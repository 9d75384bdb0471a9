-- The last row that was added to the moderation log; id 0 for none.
select h.id, h.hash
from moderation.log_head h;
