-- The buckets of Storage that the operator may change.
--   names  text[]
select b.id as name, coalesce(b.public, false) as public, b.file_size_limit, b.allowed_mime_types
from storage.buckets b
where b.id = any (%(names)s::text[]) and has_table_privilege('storage.buckets', 'update')
order by b.id
