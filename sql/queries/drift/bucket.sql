-- Storage buckets: whether they are public, size limit and allowed types.
select
  quote_ident(b.id) as name,
  '{}'::text[] as parents,
  concat_ws(E'\n',
    case when b.public then 'public' else 'private' end,
    'file size limit: ' || coalesce(b.file_size_limit::text, 'none'),
    'types: ' || coalesce(
      (select string_agg(m.type, ', ' order by m.type) from unnest(b.allowed_mime_types) as m (type)), 'any'
    )
  ) as definition
from storage.buckets b
order by name
