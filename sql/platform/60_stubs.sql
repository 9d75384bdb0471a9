-- Stubs for functions of the platform that the embedded server does not implement: they have the same owners and
-- privileges as on a hosted project, and every call raises an error. Functions that work are in the files before this one.
select pg_advisory_xact_lock(hashtextextended('chatctl platform', 0));

do $$
declare
  stub record;
begin
  for stub in
    select s.signature, s.result, s.how, s.owner
    from (
      values
        -- Listing and searching files: called by Storage; Supabase Lite does it in its own way.
        (
          'storage.get_common_prefix(p_key text, p_prefix text, p_delimiter text)',
          'text', 'immutable', 'supabase_storage_admin'
        ),
        (
          $s$storage.search(
            prefix text, bucketname text, limits integer default 100, levels integer default 1, offsets integer default 0,
            search text default '', sortcolumn text default 'name', sortorder text default 'asc'
          )$s$,
          'table (name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, '
            || 'metadata jsonb)',
          'stable', 'supabase_storage_admin'
        ),
        (
          $s$storage.search_v2(
            prefix text, bucket_name text, limits integer default 100, levels integer default 1,
            start_after text default '', sort_order text default 'asc', sort_column text default 'name',
            sort_column_after text default ''
          )$s$,
          'table (key text, name text, id uuid, updated_at timestamptz, created_at timestamptz, '
            || 'last_accessed_at timestamptz, metadata jsonb)',
          'stable', 'supabase_storage_admin'
        ),
        (
          $s$storage.search_by_timestamp(
            p_prefix text, p_bucket_id text, p_limit integer, p_level integer, p_start_after text, p_sort_order text,
            p_sort_column text, p_sort_column_after text
          )$s$,
          'table (key text, name text, id uuid, updated_at timestamptz, created_at timestamptz, '
            || 'last_accessed_at timestamptz, metadata jsonb)',
          'stable', 'supabase_storage_admin'
        ),
        (
          $s$storage.list_objects_with_delimiter(
            _bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100,
            start_after text default '', next_token text default '', sort_order text default 'asc'
          )$s$,
          'table (name text, id uuid, metadata jsonb, updated_at timestamptz, created_at timestamptz, '
            || 'last_accessed_at timestamptz)',
          'stable', 'supabase_storage_admin'
        ),
        (
          $s$storage.list_multipart_uploads_with_delimiter(
            bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100,
            next_key_token text default '', next_upload_token text default ''
          )$s$,
          'table (key text, id text, created_at timestamptz)', 'volatile', 'supabase_storage_admin'
        ),
        -- Following changes: called by Realtime; Supabase Lite does it in its own way.
        ('realtime.wal2json_escape_identifier(name text)', 'text', 'immutable', 'supabase_realtime_admin'),
        ('realtime.quote_wal2json(entity regclass)', 'text', 'immutable', 'supabase_realtime_admin'),
        ('realtime."cast"(val text, type_ regtype)', 'jsonb', 'immutable', 'supabase_realtime_admin'),
        (
          'realtime.check_equality_op(op realtime.equality_op, type_ regtype, val_1 text, val_2 text)',
          'boolean', 'immutable', 'supabase_realtime_admin'
        ),
        (
          'realtime.check_equality_op(op realtime.equality_op, type_ regtype, val_1 text, val_2 text, negate boolean)',
          'boolean', 'immutable', 'supabase_realtime_admin'
        ),
        (
          'realtime.is_visible_through_filters(columns realtime.wal_column[], filters realtime.user_defined_filter[])',
          'boolean', 'immutable', 'supabase_realtime_admin'
        ),
        (
          'realtime.build_prepared_statement_sql(prepared_statement_name text, entity regclass, columns realtime.wal_column[])',
          'text', 'volatile', 'supabase_realtime_admin'
        ),
        (
          'realtime.apply_rls(wal jsonb, max_record_bytes integer default 1048576)',
          'setof realtime.wal_rls', 'volatile', 'supabase_realtime_admin'
        ),
        (
          'realtime.list_changes(publication name, slot_name name, max_changes integer, max_record_bytes integer)',
          'table (wal jsonb, is_rls_enabled boolean, subscription_ids uuid[], errors text[], slot_changes_count bigint)',
          'volatile', 'supabase_realtime_admin'
        ),
        ('realtime.subscription_check_filters()', 'trigger', 'volatile', 'supabase_realtime_admin'),
        -- pg_graphql
        (
          $s$graphql._internal_resolve(
            query text, variables jsonb default null, "operationName" text default null, extensions jsonb default null
          )$s$,
          'jsonb', 'volatile', 'supabase_admin'
        ),
        (
          $s$graphql.resolve(
            query text, variables jsonb default null, "operationName" text default null, extensions jsonb default null
          )$s$,
          'jsonb', 'volatile', 'supabase_admin'
        ),
        ('graphql.comment_directive(comment_ text)', 'jsonb', 'immutable', 'supabase_admin'),
        -- pg_net
        ('net.check_worker_is_up()', 'void', 'volatile', 'supabase_admin'),
        ('net.worker_restart()', 'boolean', 'volatile', 'supabase_admin'),
        ('net.wait_until_running()', 'void', 'volatile', 'supabase_admin'),
        ('net.wake()', 'void', 'volatile', 'supabase_admin'),
        ('net._await_response(request_id bigint)', 'boolean', 'volatile', 'supabase_admin'),
        ('net._urlencode_string(string varchar)', 'text', 'immutable', 'supabase_admin'),
        ('net._encode_url_with_params_array(url text, params_array text[])', 'text', 'immutable', 'supabase_admin'),
        (
          'net._http_collect_response(request_id bigint, async boolean default true)',
          'net.http_response_result', 'volatile', 'supabase_admin'
        ),
        (
          'net.http_collect_response(request_id bigint, async boolean default true)',
          'net.http_response_result', 'volatile', 'supabase_admin'
        ),
        -- Vault
        (
          $s$vault.create_secret(
            new_secret text, new_name text default null, new_description text default '', new_key_id uuid default null
          )$s$,
          'uuid', 'security definer', 'supabase_admin'
        ),
        (
          $s$vault.update_secret(
            secret_id uuid, new_secret text default null, new_name text default null, new_description text default null,
            new_key_id uuid default null
          )$s$,
          'void', 'security definer', 'supabase_admin'
        ),
        -- PgBouncer
        (
          'pgbouncer.get_auth(p_usename text)', 'table (username text, password text)', 'security definer', 'supabase_admin'
        )
    ) as s (signature, result, how, owner)
  loop
    execute format('set local role %I', stub.owner);
    execute format(
      $make$
        create or replace function %s
        returns %s
        language plpgsql %s
        as $body$
        begin
          raise exception using errcode = '0A000', message = %L;
        end
        $body$
      $make$,
      stub.signature, stub.result, stub.how,
      split_part(stub.signature, '(', 1) || ' is not available on the embedded server'
    );
  end loop;
  reset role;
end
$$;

revoke all on function vault.create_secret(text, text, text, uuid), vault.update_secret(uuid, text, text, text, uuid),
  pgbouncer.get_auth(text) from public;
grant execute on function pgbouncer.get_auth(text) to pgbouncer;

create or replace trigger tr_check_filters
before insert or update on realtime.subscription
for each row execute function realtime.subscription_check_filters();
