-- The functions and triggers of schema storage. Those for listing and searching are in 60_stubs.sql.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));

-- The parts of an object's name ---------------------------------------------------------------------------------------

create or replace function storage.foldername(name text)
returns text[]
language plpgsql immutable
as $$
declare
  parts text[] := string_to_array(name, '/');
begin
  return parts[1 : array_length(parts, 1) - 1];
end
$$;

create or replace function storage.filename(name text)
returns text
language plpgsql immutable
as $$
declare
  parts text[] := string_to_array(name, '/');
begin
  return parts[array_length(parts, 1)];
end
$$;

create or replace function storage.extension(name text)
returns text
language plpgsql immutable
as $$
declare
  parts text[] := string_to_array(name, '/');
begin
  return reverse(split_part(reverse(parts[array_length(parts, 1)]), '.', 1));
end
$$;

-- Triggers ------------------------------------------------------------------------------------------------------------

create or replace function storage.update_updated_at_column()
returns trigger
language plpgsql
as $$
begin
  new.updated_at = now();
  return new;
end
$$;

-- Deleting a row with SQL would leave its file behind. storage.allow_delete_query = 'true' allows it.
create or replace function storage.protect_delete()
returns trigger
language plpgsql
as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), 'false') <> 'true' then
    raise exception 'Direct deletion from storage tables is not allowed. Use the Storage API instead.'
      using errcode = '42501', hint = 'This prevents accidental data loss from orphaned objects.';
  end if;
  return null;
end
$$;

create or replace function storage.enforce_bucket_name_length()
returns trigger
language plpgsql
as $$
begin
  if length(new.name) <= 100 then
    return new;
  end if;
  raise exception 'bucket name "%" has % characters, and 100 are the most', new.name, length(new.name);
end
$$;

create or replace trigger enforce_bucket_name_length_trigger
before insert or update of name on storage.buckets
for each row execute function storage.enforce_bucket_name_length();

create or replace trigger update_objects_updated_at
before update on storage.objects
for each row execute function storage.update_updated_at_column();

create or replace trigger protect_objects_delete
before delete on storage.objects
for each statement execute function storage.protect_delete();

create or replace trigger protect_buckets_delete
before delete on storage.buckets
for each statement execute function storage.protect_delete();

-- Functions for policies ----------------------------------------------------------------------------------------------
-- Storage sets the operation that a statement belongs to, such as storage.object.list; the prefix may be omitted.

create or replace function storage.operation()
returns text
language plpgsql stable
as $$
begin
  return current_setting('storage.operation', true);
end
$$;

create or replace function storage.allow_any_operation(expected_operations text[])
returns boolean
language sql stable
as $$
  select exists (
    select from unnest(expected_operations) as expected (operation)
    where expected.operation <> ''
      and regexp_replace(expected.operation, '^storage\.', '') = regexp_replace(storage.operation(), '^storage\.', '')
  )
$$;

create or replace function storage.allow_only_operation(expected_operation text)
returns boolean
language sql stable
as $$
  select storage.allow_any_operation(array[expected_operation])
$$;

-- Whether the caller may store an object with this name: raises PT200 if so, otherwise the refusal. Stores nothing.
create or replace function storage.can_insert_object(bucketid text, name text, owner uuid, metadata jsonb)
returns void
language plpgsql
as $$
begin
  insert into storage.objects (bucket_id, name, owner, metadata) values ($1, $2, $3, $4);
  raise exception using errcode = 'PT200', message = 'ROLLBACK', detail = 'the object may be stored, and was not';
end
$$;

create or replace function storage.get_size_by_bucket()
returns table (size bigint, bucket_id text)
language plpgsql stable
as $$
begin
  return query
  select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id
  from storage.objects o
  group by o.bucket_id;
end
$$;

do $$
declare
  signature text;
begin
  foreach signature in array array[
    'foldername(text)', 'filename(text)', 'extension(text)', 'update_updated_at_column()', 'protect_delete()',
    'enforce_bucket_name_length()', 'operation()', 'allow_any_operation(text[])', 'allow_only_operation(text)',
    'can_insert_object(text, text, uuid, jsonb)', 'get_size_by_bucket()'
  ]
  loop
    execute format('alter function storage.%s owner to supabase_storage_admin', signature);
    execute format('grant execute on function storage.%s to postgres, anon, authenticated, service_role', signature);
  end loop;
end
$$;
