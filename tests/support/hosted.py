"""What the roles of the API can access outside public in a hosted project, as read from one."""

from __future__ import annotations

AUTH, STORAGE, REALTIME = "supabase_auth_admin", "supabase_storage_admin", "supabase_realtime_admin"
ADMIN, FUNCTIONS_ADMIN = "supabase_admin", "supabase_functions_admin"
ALL = "delete insert references select trigger truncate update"

# Functions that anon may call: the owner, and whether they run as that owner.
FUNCTIONS = {
    **dict.fromkeys(["auth.email()", "auth.jwt()", "auth.role()", "auth.uid()"], (AUTH, False)),
    **dict.fromkeys(
        [
            "storage.allow_any_operation(text[])",
            "storage.allow_only_operation(text)",
            "storage.can_insert_object(text,text,uuid,jsonb)",
            "storage.enforce_bucket_name_length()",
            "storage.extension(text)",
            "storage.filename(text)",
            "storage.foldername(text)",
            "storage.get_common_prefix(text,text,text)",
            "storage.get_size_by_bucket()",
            "storage.list_multipart_uploads_with_delimiter(text,text,text,integer,text,text)",
            "storage.list_objects_with_delimiter(text,text,text,integer,text,text,text)",
            "storage.operation()",
            "storage.protect_delete()",
            "storage.search(text,text,integer,integer,integer,text,text,text)",
            "storage.search_by_timestamp(text,text,integer,integer,text,text,text,text)",
            "storage.search_v2(text,text,integer,integer,text,text,text,text)",
            "storage.update_updated_at_column()",
        ],
        (STORAGE, False),
    ),
    **dict.fromkeys(
        [
            'realtime."cast"(text,regtype)',
            "realtime.apply_rls(jsonb,integer)",
            "realtime.broadcast_changes(text,text,text,text,text,record,record,text)",
            "realtime.build_prepared_statement_sql(text,regclass,realtime.wal_column[])",
            "realtime.check_equality_op(realtime.equality_op,regtype,text,text)",
            "realtime.check_equality_op(realtime.equality_op,regtype,text,text,boolean)",
            "realtime.is_visible_through_filters(realtime.wal_column[],realtime.user_defined_filter[])",
            "realtime.list_changes(name,name,integer,integer)",
            "realtime.quote_wal2json(regclass)",
            "realtime.send(jsonb,text,text,boolean)",
            "realtime.send_binary(bytea,text,text,boolean)",
            "realtime.subscription_check_filters()",
            "realtime.to_regrole(text)",
            "realtime.topic()",
            "realtime.wal2json_escape_identifier(text)",
        ],
        (REALTIME, False),
    ),
    **dict.fromkeys(
        [
            "graphql._internal_resolve(text,jsonb,text,jsonb)",
            "graphql.comment_directive(text)",
            "graphql.exception(text)",
            "graphql.resolve(text,jsonb,text,jsonb)",
            "graphql_public.graphql(text,text,jsonb,jsonb)",
            "net._await_response(bigint)",
            "net._encode_url_with_params_array(text,text[])",
            "net._http_collect_response(bigint,boolean)",
            "net._urlencode_string(character varying)",
            "net.check_worker_is_up()",
            "net.http_collect_response(bigint,boolean)",
            "net.http_delete(text,jsonb,jsonb,integer,jsonb)",
            "net.wait_until_running()",
            "net.wake()",
            "net.worker_restart()",
        ],
        (ADMIN, False),
    ),
    **dict.fromkeys(
        [
            "graphql.get_schema_version()",
            "graphql.increment_schema_version()",
            "net.http_get(text,jsonb,jsonb,integer)",
            "net.http_post(text,jsonb,jsonb,jsonb,integer)",
        ],
        (ADMIN, True),
    ),
    "supabase_functions.http_request()": (FUNCTIONS_ADMIN, True),
}

# Tables: the owner, whether row-level security is enabled, and the privileges of anon and authenticated.
TABLES = {
    **dict.fromkeys(
        ["storage.buckets", "storage.buckets_analytics", "storage.objects"], (STORAGE, True, ALL)
    ),
    **dict.fromkeys(
        [
            "storage.buckets_vectors",
            "storage.iceberg_namespaces",
            "storage.iceberg_tables",
            "storage.s3_multipart_uploads",
            "storage.s3_multipart_uploads_parts",
            "storage.vector_indexes",
        ],
        (STORAGE, True, "select"),
    ),
    "realtime.messages": (REALTIME, True, "insert select update"),
    "realtime.subscription": (REALTIME, False, "select"),
    **dict.fromkeys(["net._http_response", "net.http_request_queue"], (ADMIN, False, ALL)),
    **dict.fromkeys(
        ["supabase_functions.hooks", "supabase_functions.migrations"], (FUNCTIONS_ADMIN, False, ALL)
    ),
    **dict.fromkeys(
        ["extensions.pg_stat_statements", "extensions.pg_stat_statements_info"], (ADMIN, False, "select")
    ),
}

# The roles and schemas whose new objects are open to anon.
DEFAULTS = {
    ("postgres", "public"),
    ("postgres", "storage"),
    (ADMIN, "graphql"),
    (ADMIN, "graphql_public"),
    (ADMIN, "public"),
    (ADMIN, "supabase_functions"),
}
