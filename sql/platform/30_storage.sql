-- Schema storage as after the migrations of Supabase Storage: buckets, objects and what their policies need.
--
-- Columns are added one by one, so that this also completes the tables of Supabase Lite if they already exist.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));
set local client_min_messages = warning; -- "already exists, skipping" is the normal case here

do $$
begin
  if to_regtype('storage.buckettype') is null then
    create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
  end if;
end
$$;

create table if not exists storage.buckets (id text primary key);
alter table storage.buckets
  add column if not exists name text not null,
  add column if not exists owner uuid, -- deprecated in favour of owner_id
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now(),
  add column if not exists public boolean default false,
  add column if not exists avif_autodetection boolean default false,
  add column if not exists file_size_limit bigint,
  add column if not exists allowed_mime_types text[],
  add column if not exists owner_id text,
  add column if not exists type storage.buckettype not null default 'STANDARD',
  add column if not exists versioning_status text not null default 'DISABLED';
create unique index if not exists bname on storage.buckets (name);

create table if not exists storage.objects (id uuid primary key default gen_random_uuid());
alter table storage.objects
  add column if not exists bucket_id text constraint "objects_bucketId_fkey" references storage.buckets (id),
  add column if not exists name text,
  add column if not exists owner uuid, -- deprecated in favour of owner_id
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now(),
  add column if not exists last_accessed_at timestamptz default now(),
  add column if not exists metadata jsonb,
  add column if not exists path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  add column if not exists version text,
  add column if not exists owner_id text,
  add column if not exists user_metadata jsonb,
  add column if not exists archived_at timestamptz,
  add column if not exists is_delete_marker boolean not null default false,
  add column if not exists is_versioned boolean not null default false;
create unique index if not exists bucketid_objname on storage.objects (bucket_id, name);
create index if not exists name_prefix_search on storage.objects (name text_pattern_ops);

-- Versioning of files is not released yet: the first of the three constraints keeps it disabled for every bucket.
do $$
declare
  each record;
begin
  for each in
    select c.name, c.condition
    from (
      values
        ('buckets_versioning_dark_check', $check$versioning_status = 'DISABLED'$check$),
        ('buckets_versioning_standard_only_check', $check$type = 'STANDARD' or versioning_status = 'DISABLED'$check$),
        ('buckets_versioning_status_check', $check$versioning_status in ('DISABLED', 'ENABLED', 'SUSPENDED')$check$)
    ) as c (name, condition)
    where not exists (
      select from pg_catalog.pg_constraint k where k.conrelid = 'storage.buckets'::regclass and k.conname = c.name
    )
  loop
    execute format('alter table storage.buckets add constraint %I check (%s)', each.name, each.condition);
  end loop;
end
$$;

-- Other tables of Storage ---------------------------------------------------------------------------------------------

create table if not exists storage.migrations (
  id integer primary key,
  name varchar(100) not null unique,
  hash varchar(40) not null,
  executed_at timestamp default current_timestamp
);
create table if not exists storage.s3_multipart_uploads (
  id text primary key,
  in_progress_size bigint not null default 0,
  upload_signature text not null,
  bucket_id text not null references storage.buckets (id),
  key text collate "C" not null,
  version text not null,
  owner_id text,
  created_at timestamptz not null default now(),
  user_metadata jsonb,
  metadata jsonb
);
create table if not exists storage.s3_multipart_uploads_parts (
  id uuid primary key default gen_random_uuid(),
  upload_id text not null references storage.s3_multipart_uploads (id) on delete cascade,
  size bigint not null default 0,
  part_number integer not null,
  bucket_id text not null references storage.buckets (id),
  key text collate "C" not null,
  etag text not null,
  owner_id text,
  version text not null,
  created_at timestamptz not null default now()
);
create table if not exists storage.buckets_analytics (
  name text not null,
  type storage.buckettype not null default 'ANALYTICS',
  format text not null default 'ICEBERG',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  id uuid primary key default gen_random_uuid(),
  deleted_at timestamptz
);
create table if not exists storage.iceberg_namespaces (
  id uuid primary key default gen_random_uuid(),
  bucket_name text not null,
  name text collate "C" not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  metadata jsonb not null default '{}',
  catalog_id uuid not null references storage.buckets_analytics (id) on delete cascade
);
create table if not exists storage.iceberg_tables (
  id uuid primary key default gen_random_uuid(),
  namespace_id uuid not null references storage.iceberg_namespaces (id) on delete cascade,
  bucket_name text not null,
  name text collate "C" not null,
  location text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  remote_table_id text,
  shard_key text,
  shard_id text,
  catalog_id uuid not null references storage.buckets_analytics (id) on delete cascade
);
create table if not exists storage.buckets_vectors (
  id text primary key,
  type storage.buckettype not null default 'VECTOR',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table if not exists storage.vector_indexes (
  id text primary key default gen_random_uuid(),
  name text collate "C" not null,
  bucket_id text not null references storage.buckets_vectors (id),
  data_type text not null,
  dimension integer not null,
  distance_metric text not null,
  metadata_configuration jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Owners and rights ---------------------------------------------------------------------------------------------------
-- All API roles have all privileges on buckets and objects, and may read the other tables; row-level security restricts
-- this.

do $$
declare
  name text;
begin
  foreach name in array array[
    'buckets', 'objects', 'migrations', 's3_multipart_uploads', 's3_multipart_uploads_parts', 'buckets_analytics',
    'iceberg_namespaces', 'iceberg_tables', 'buckets_vectors', 'vector_indexes'
  ]
  loop
    execute format('alter table storage.%I owner to supabase_storage_admin', name);
    execute format('alter table storage.%I enable row level security', name);
  end loop;
end
$$;

grant all on storage.buckets, storage.objects to postgres with grant option;
grant all on storage.buckets, storage.objects, storage.buckets_analytics to anon, authenticated, service_role;
grant select on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts, storage.iceberg_namespaces,
  storage.iceberg_tables, storage.buckets_vectors, storage.vector_indexes to anon, authenticated, service_role;
grant all on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts, storage.iceberg_namespaces,
  storage.iceberg_tables to service_role;
grant all on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts, storage.buckets_analytics,
  storage.iceberg_namespaces, storage.iceberg_tables, storage.buckets_vectors, storage.vector_indexes to postgres;
