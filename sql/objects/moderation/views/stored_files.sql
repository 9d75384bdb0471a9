-- Files of attachments in Storage, with their sizes. The name begins with the organization's id and a slash. For operators.
create or replace view moderation.stored_files as
select
  o.name, case when o.metadata ->> 'size' ~ '^[0-9]{1,15}$' then (o.metadata ->> 'size')::bigint else 0 end as size
from storage.objects o
where o.bucket_id = 'attachments';

revoke all on moderation.stored_files from public, anon, authenticated, service_role;
