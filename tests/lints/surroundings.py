"""Roles, default privileges, Storage and publications."""

from __future__ import annotations

from tests.lints.words import NOTES, policy

# The rule, SQL that breaks it, SQL that repairs it, the reported object.
CASES = [
    (
        "default_privileges",
        "alter default privileges grant select on tables to public",
        "alter default privileges revoke select on tables from public",
        "tables in every schema",
    ),
    (
        "default_privileges",
        "alter default privileges in schema private grant execute on functions to authenticated",
        "alter default privileges in schema private revoke execute on functions from authenticated",
        "functions in private",
    ),
    (
        "powerful_api_role",
        "grant service_role to authenticated",
        "revoke service_role from authenticated",
        "authenticated",
    ),
    (
        "powerful_api_role",
        f"grant create on schema public to anon; {NOTES} alter table public.notes owner to anon",
        "alter table public.notes owner to postgres",
        "anon",
    ),
    (
        "bucket_without_limits",
        "insert into storage.buckets (id, name, file_size_limit) values ('a b', 'a b', 1)",
        "update storage.buckets set allowed_mime_types = '{image/png}' where id = 'a b'",
        'bucket "a b"',
    ),
    (
        "bucket_without_limits",
        "update storage.buckets set allowed_mime_types = '{image/png,*/*}'",
        "update storage.buckets set allowed_mime_types = '{image/png,image/*}'",
        "bucket attachments",
    ),
    (
        "bucket_without_limits",
        "update storage.buckets set file_size_limit = null",
        "update storage.buckets set file_size_limit = 1",
        "bucket attachments",
    ),
    (
        "public_bucket_listed",
        f"""
        insert into storage.buckets (id, name, public) values ('it''s', 'its', true);
        {policy("bucket_id in ('a', 'it''s') and (select auth.uid()) is not null", table="storage.objects")}
        """,
        """
        alter policy tried on storage.objects
        using (bucket_id = 'it''s' and owner_id = (select auth.uid())::text)
        """,
        "tried on storage.objects",
    ),
    (
        "public_bucket_listed",
        f"update storage.buckets set public = true; {policy('true', table='storage.objects')}",
        "alter policy tried on storage.objects using (bucket_id = 'another')",
        "tried on storage.objects",
    ),
    (
        "storage_policy_without_bucket",
        policy("owner_id = (select auth.uid())::text", "insert", "storage.objects"),
        """
        alter policy tried on storage.objects
        with check (bucket_id = 'a' and owner_id = (select auth.uid())::text)
        """,
        "tried on storage.objects",
    ),
    # The bucket of another file, and only in one of two clauses.
    (
        "storage_policy_without_bucket",
        policy(
            "exists (select from storage.objects o where o.bucket_id = 'a' and o.id = objects.id)",
            "update",
            "storage.objects",
        ) + " with check (bucket_id = 'a')",
        "alter policy tried on storage.objects using (bucket_id = 'a')",
        "tried on storage.objects",
    ),
    (
        "published_table_without_rls",
        "alter table public.messages disable row level security",
        "alter publication supabase_realtime drop table public.messages",
        "public.messages",
    ),
    (
        "published_table_without_rls",
        "alter publication supabase_realtime add table private.suspensions",
        "alter table private.suspensions enable row level security",
        "private.suspensions",
    ),
    (
        "published_replica_identity",
        "alter table public.messages replica identity full",
        "alter table public.messages replica identity default",
        "public.messages",
    ),
    (
        "published_replica_identity",
        "create table private.tried (id int); alter publication supabase_realtime add table private.tried",
        "alter table private.tried add primary key (id)",
        "private.tried",
    ),
]  # fmt: skip

# Violations that only a superuser can cause.
SUPERUSER_CASES = [
    (
        "powerful_api_role",
        "alter role authenticator superuser",
        "alter role authenticator nosuperuser",
        "authenticator",
    ),
    (
        "powerful_api_role",
        "alter role anon bypassrls createrole",
        "alter role anon nobypassrls nocreaterole",
        "anon",
    ),
    (
        "powerful_api_role",
        "grant pg_read_server_files to anon",
        "revoke pg_read_server_files from anon",
        "anon",
    ),
    (
        "publication_of_everything",
        "create publication tried for all tables",
        "drop publication tried",
        "tried",
    ),
    (
        "publication_of_everything",
        "create publication tried for tables in schema public, table private.holds",
        "alter publication tried drop tables in schema public",
        "tried",
    ),
    (
        "missing_pre_request",
        "alter event trigger platform_refuse_commands rename to elsewhere",
        "alter event trigger elsewhere rename to platform_refuse_commands",
        "authenticator",
    ),
]  # fmt: skip
