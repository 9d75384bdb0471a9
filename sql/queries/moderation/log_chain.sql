-- The chain of the moderation log in the order of ids: the hash that each row has, and the one that its columns give.
select l.id, l.previous_hash, l.hash, l.expected_hash
from moderation.log l
order by l.id;
