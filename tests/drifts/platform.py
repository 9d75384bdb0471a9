"""Changes of objects of Supabase: in its schemas, on its tables, of its grants."""

from __future__ import annotations

from tests.drifts.change import ManualChange

CHANGES = [
    ManualChange(
        "a table of ours in a schema of Supabase's",
        "create table graphql_public.notes (id int primary key);"
        "alter table graphql_public.notes owner to postgres",
        "drop table graphql_public.notes",
        ("extra", "table", "graphql_public.notes"),
        admin=True,
    ),
    ManualChange(
        "a function of ours in a schema of Supabase's",
        "create function net.request() returns int language sql security definer as 'select 1';"
        "alter function net.request() owner to postgres",
        "drop function net.request()",
        ("extra", "function", "net.request()"),
        admin=True,
    ),
    ManualChange(
        "a view of ours in a schema of Supabase's",
        "create view storage.everything as select id from storage.objects;"
        "alter view storage.everything owner to postgres",
        "drop view storage.everything",
        ("extra", "view", "storage.everything"),
        admin=True,
    ),
    ManualChange(
        "a function of ours where the extensions are",
        "create function extensions.mine() returns int language sql as 'select 1'",
        "drop function extensions.mine()",
        ("extra", "function", "extensions.mine()"),
    ),
    ManualChange(
        "an enum of ours where the extensions are",
        "create type extensions.mood as enum ('good')",
        "drop type extensions.mood",
        ("extra", "type", "extensions.mood"),
    ),
    ManualChange(
        "a sequence of ours where the extensions are",
        "create sequence extensions.numbers",
        "drop sequence extensions.numbers",
        ("extra", "sequence", "extensions.numbers"),
    ),
    ManualChange(
        "a function of Supabase's in other hands",
        "alter function auth.uid() owner to postgres",
        "alter function auth.uid() owner to supabase_auth_admin",
        ("extra", "function", "auth.uid()"),
        admin=True,
    ),
    ManualChange(
        "a table of Supabase's in other hands",
        "alter table auth.sso_domains owner to postgres",
        "alter table auth.sso_domains owner to supabase_auth_admin",
        ("extra", "table", "auth.sso_domains"),
        admin=True,
    ),
    ManualChange(
        "a webhook on users",
        "create trigger told after insert on auth.users for each row"
        " execute function supabase_functions.http_request('http://localhost', 'POST')",
        "drop trigger told on auth.users",
        ("extra", "trigger", "told on auth.users"),
    ),
    ManualChange(
        "a trigger of ours on files",
        "create trigger again after insert on storage.objects"
        " for each row execute function private.set_updated_at()",
        "drop trigger again on storage.objects",
        ("extra", "trigger", "again on storage.objects"),
    ),
    ManualChange(
        "a policy on second factors",
        "create policy open on auth.mfa_factors for select to authenticated using (true)",
        "drop policy open on auth.mfa_factors",
        ("extra", "policy", "open on auth.mfa_factors"),
    ),
    ManualChange(
        "users opened to anon",
        "grant select on auth.users to anon",
        "revoke select on auth.users from anon",
        ("extra", "grant", "on table auth.users to anon"),
    ),
    ManualChange(
        "a column of users opened to anon",
        "grant select (email) on auth.users to anon",
        "revoke select (email) on auth.users from anon",
        ("extra", "grant", "on column auth.users.email to anon"),
    ),
    ManualChange(
        "broadcasts that may be deleted",
        "grant delete on realtime.messages to authenticated",
        "revoke delete on realtime.messages from authenticated",
        ("extra", "grant", "on table realtime.messages to authenticated"),
    ),
    ManualChange(
        "a sequence of Supabase's opened further",
        "grant update on sequence realtime.subscription_id_seq to anon",
        "revoke update on sequence realtime.subscription_id_seq from anon",
        ("extra", "grant", "on sequence realtime.subscription_id_seq to anon"),
        admin=True,
    ),
    ManualChange(
        "a schema of Supabase's opened to anon",
        "grant usage on schema vault to anon",
        "revoke usage on schema vault from anon",
        ("extra", "grant", "on schema vault to anon"),
        admin=True,
    ),
    ManualChange(
        "secrets opened, behind a closed schema",
        "grant select on vault.secrets to authenticated",
        "revoke select on vault.secrets from authenticated",
        ("extra", "grant", "on table vault.secrets to authenticated"),
        admin=True,
    ),
    ManualChange(
        "the passwords of the pooler, behind a closed schema",
        "grant execute on function pgbouncer.get_auth(text) to public",
        "revoke execute on function pgbouncer.get_auth(text) from public",
        ("extra", "grant", "on function pgbouncer.get_auth(text) to public"),
        admin=True,
    ),
    ManualChange(
        "a view of an extension opened to a role of ours",
        "grant insert on extensions.pg_stat_statements to authenticated",
        "revoke insert on extensions.pg_stat_statements from authenticated",
        ("extra", "grant", "on view extensions.pg_stat_statements to authenticated"),
        admin=True,
    ),
    ManualChange(
        "what will be made where the extensions are, opened to anon",
        "alter default privileges in schema extensions grant execute on functions to anon",
        "alter default privileges in schema extensions revoke execute on functions from anon",
        ("extra", "default privilege", "on functions in schema extensions to anon"),
    ),
    ManualChange(
        "row-level security off where broadcasts are",
        "alter table realtime.messages disable row level security",
        "alter table realtime.messages enable row level security",
        ("extra", "table", "realtime.messages"),
        admin=True,
    ),
    ManualChange(
        "secrets published",
        "alter publication supabase_realtime add table vault.secrets",
        "alter publication supabase_realtime drop table vault.secrets",
        ("extra", "published", "table vault.secrets in supabase_realtime"),
        admin=True,
    ),
]
