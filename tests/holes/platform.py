"""Holes in objects of Supabase: in its schemas, on its tables, of its functions."""

from __future__ import annotations

from tests.holes.hole import LEAST, OBJECTS, Hole

IN_SCHEMA = "own object in a schema of Supabase's"
GRANT = "privilege that Supabase does not give"
POLICY = "policy on a table of Supabase's"

HOLES = [
    Hole(
        "a table in the schema of GraphQL",
        IN_SCHEMA,
        "create table graphql_public.notes (id int); alter table graphql_public.notes owner to postgres",
        (
            "unlisted:graphql_public.notes:privileges",
            "row-security:graphql_public.notes:off",
            "lint:graphql_public.notes:table_without_rls",
        ),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "a function that fetches anything, beside those of pg_net",
        IN_SCHEMA,
        """
        create function net.request(url text) returns bigint
        language sql security definer as $$ select net.http_get(url) $$;
        alter function net.request(text) owner to postgres
        """,
        ("unlisted:net.request(text):execute", "lint:net.request(text):definer_for_everyone"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "the same, made by the superuser",
        IN_SCHEMA,
        """
        create function net.request(url text) returns bigint
        language sql security definer as $$ select net.http_get(url) $$
        """,
        ("unlisted:net.request(text):execute", "lint:net.request(text):definer_of_superuser"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "a view of all files",
        IN_SCHEMA,
        """
        create view storage.everything as select * from storage.objects;
        alter view storage.everything owner to postgres;
        grant select on storage.everything to anon
        """,
        ("unlisted:storage.everything:privileges", "lint:storage.everything:view_without_security_invoker"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "the same view, and supabase_admin's",
        IN_SCHEMA,
        "create view storage.everything as table storage.objects; grant select on storage.everything to anon",
        ("unlisted:storage.everything:privileges",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "a function where the extensions are",
        IN_SCHEMA,
        "create function extensions.mine() returns int language sql as 'select 1'",
        ("unlisted:extensions.mine():execute", "privilege:extensions.mine():execute"),
        LEAST,
    ),
    Hole(
        "a sequence where the extensions are",
        IN_SCHEMA,
        "create sequence extensions.numbers; grant usage on sequence extensions.numbers to anon",
        ("unlisted:extensions.numbers:privileges",),
        LEAST,
    ),
    Hole(
        "who is asking is answered by a function of postgres",
        "function of Supabase's in other hands",
        "alter function auth.uid() owner to postgres",
        ("unlisted:auth.uid():execute",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "who asks for a folder is told what it wants to hear",
        "function of Supabase's in other hands",
        """
        create or replace function storage.foldername(name text) returns text[] language sql immutable as $$
          select array[o.organization_id::text, 'chat', c.id::text]
          from public.organization_members o join public.conversations c using (organization_id) limit 1
        $$
        """,
        ("leak:storage.objects:select",),
        (OBJECTS,),
        as_superuser=True,
    ),
    Hole(
        "every file to everybody",
        POLICY,
        "create policy open on storage.objects for select to authenticated using (true)",
        ("leak:storage.objects:select", "lint:open on storage.objects:storage_policy_without_bucket"),
        (OBJECTS,),
        ("nobody",),
    ),
    Hole(
        "everybody sends into every private channel",
        POLICY,
        'create policy "send" on realtime.messages for insert to authenticated with check (true)',
        ("unlisted:realtime.messages:privileges",),
        LEAST,
    ),
    Hole(
        "uploads in progress are shown",
        POLICY,
        'create policy "all" on storage.s3_multipart_uploads for select to anon using (true)',
        ("unlisted:storage.s3_multipart_uploads:privileges",),
        LEAST,
    ),
    Hole(
        "all users, to whoever is signed in",
        GRANT,
        "grant select on auth.users to anon",
        ("unlisted:auth.users:privileges",),
        LEAST,
    ),
    Hole(
        "the addresses of all users",
        GRANT,
        "grant select (id, email) on auth.users to authenticated",
        ("unlisted:auth.users:privileges",),
        LEAST,
    ),
    Hole(
        "broadcasts can be deleted",
        GRANT,
        "grant delete on realtime.messages to authenticated",
        ("unlisted:realtime.messages:privileges",),
        LEAST,
    ),
    Hole(
        "the broadcasts of a day, past every policy",
        GRANT,
        "grant select on realtime.messages_other_days to authenticated",
        ("unlisted:realtime.messages_other_days:privileges",),
        LEAST,
    ),
    Hole(
        "the numbers of subscriptions can be set",
        GRANT,
        "grant update on sequence realtime.subscription_id_seq to anon",
        ("unlisted:realtime.subscription_id_seq:privileges",),
        LEAST,
    ),
    Hole(
        "secrets, decrypted",
        GRANT,
        "grant usage on schema vault to anon; grant select on vault.decrypted_secrets to anon",
        ("unlisted:vault:usage", "unlisted:vault.decrypted_secrets:privileges"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "the passwords of the pooler",
        GRANT,
        """
        grant usage on schema pgbouncer to authenticated;
        grant execute on function pgbouncer.get_auth(text) to authenticated
        """,
        ("unlisted:pgbouncer:usage", "privilege:pgbouncer.get_auth(text):execute"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "authenticator reads users itself",
        GRANT,
        "grant select on auth.users to authenticator",
        ("role:authenticator:auth.users",),
        LEAST,
    ),
    Hole(
        "clients make functions beside those of the extensions",
        GRANT,
        "grant create on schema extensions to authenticated",
        ("privilege:extensions:authenticated create",),
        LEAST,
    ),
    Hole(
        "a custom role of the API's enters auth",
        GRANT,
        "create role guest; grant guest to authenticated; grant usage on schema vault to guest",
        ("unlisted:vault:usage", "role:authenticated:becomes guest"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "whatever postgres will make where the extensions are",
        "default privileges",
        "alter default privileges in schema extensions grant execute on functions to anon",
        ("lint:functions in extensions:default_privileges",),
        LEAST,
    ),
    Hole(
        "whatever Auth will make",
        "default privileges",
        "alter default privileges for role supabase_auth_admin in schema auth grant select on tables to anon",
        ("lint:tables in auth:default_privileges",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "anon reads what Supabase's support reads",
        "role",
        "grant supabase_read_only_user to anon",
        ("role:anon:becomes supabase_read_only_user", "lint:anon:powerful_api_role"),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "users are published",
        "publication",
        "alter publication supabase_realtime add table auth.users",
        ("publication:publication supabase_realtime:auth.users",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "secrets are published",
        "publication",
        "alter publication supabase_realtime add table vault.secrets",
        (
            "publication:publication supabase_realtime:vault.secrets",
            "lint:vault.secrets:published_table_without_rls",
        ),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "row-level security of broadcasts off",
        "row-level security off",
        "alter table realtime.messages disable row level security",
        ("row-security:realtime.messages:off",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "row-level security of uploads off",
        "row-level security off",
        "alter table storage.s3_multipart_uploads disable row level security",
        ("row-security:storage.s3_multipart_uploads:off",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "a function that its extension closes is opened",
        "privilege that an extension does not give",
        """
        create function extensions.secret() returns int language sql as 'select 1';
        revoke execute on function extensions.secret() from public;
        alter extension plpgsql add function extensions.secret();
        grant execute on function extensions.secret() to anon
        """,
        ("privilege:extensions.secret():execute",),
        LEAST,
        as_superuser=True,
    ),
    Hole(
        "what an extension brings is opened by default privileges",
        "privilege that an extension does not give",
        """
        create table public.reference_systems (id int);
        alter extension plpgsql add table public.reference_systems
        """,
        ("unlisted:public.reference_systems:privileges",),
        LEAST,
        as_superuser=True,
    ),
]
