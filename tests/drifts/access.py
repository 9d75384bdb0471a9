"""Changes of policies, grants, publications and buckets."""

from __future__ import annotations

from tests.drifts.change import ManualChange, sql_file

FILES = "objects/storage/attachments.sql"
TRUSTED = "private.is_trusted()"

CHANGES = [
    # Policies
    ManualChange(
        "an extra policy",
        "create policy open on messages for select to authenticated using (true)",
        "drop policy open on messages",
        ("extra", "policy", "open on public.messages"),
    ),
    ManualChange(
        "a missing policy",
        'drop policy "participants read messages" on messages',
        sql_file("objects/access/messages.sql"),
        ("missing", "policy", '"participants read messages" on public.messages'),
    ),
    ManualChange(
        "a policy that lets more through",
        'alter policy "participants read messages" on messages using (true)',
        sql_file("objects/access/messages.sql"),
        ("changed", "policy", '"participants read messages" on public.messages'),
    ),
    ManualChange(
        "a policy that checks less",
        'alter policy "participants send as themselves" on messages with check (true)',
        sql_file("objects/access/messages.sql"),
        ("changed", "policy", '"participants send as themselves" on public.messages'),
    ),
    ManualChange(
        "a policy for other roles",
        'alter policy "participants read messages" on messages to authenticated, anon',
        'alter policy "participants read messages" on messages to authenticated',
        ("changed", "policy", '"participants read messages" on public.messages'),
    ),
    ManualChange(
        "a policy for another command",
        """
        drop policy "members read their organizations" on organizations;
        create policy "members read their organizations" on organizations for all to authenticated using (
          exists (select from private.my_organizations o where o.organization_id = organizations.id)
        );
        """,
        sql_file("objects/access/organizations.sql"),
        ("changed", "policy", '"members read their organizations" on public.organizations'),
    ),
    ManualChange(
        "a policy that only restricts",
        """
        drop policy "members read their organizations" on organizations;
        create policy "members read their organizations" on organizations as restrictive
        for select to authenticated using (
          exists (select from private.my_organizations o where o.organization_id = organizations.id)
        );
        """,
        sql_file("objects/access/organizations.sql"),
        ("changed", "policy", '"members read their organizations" on public.organizations'),
    ),
    ManualChange(
        "a policy that opens all files",
        "create policy open on storage.objects for select to anon using (true)",
        "drop policy open on storage.objects",
        ("extra", "policy", "open on storage.objects"),
    ),
    ManualChange(
        "a policy on files that is missing",
        'drop policy "participants read attachments" on storage.objects',
        sql_file(FILES),
        ("missing", "policy", '"participants read attachments" on storage.objects'),
    ),
    ManualChange(
        "a policy on buckets",
        "create policy open on storage.buckets for all to anon using (true)",
        "drop policy open on storage.buckets",
        ("extra", "policy", "open on storage.buckets"),
    ),
    ManualChange(
        "a policy on channels",
        "create policy open on realtime.messages for select to authenticated using (true)",
        "drop policy open on realtime.messages",
        ("extra", "policy", "open on realtime.messages"),
    ),
    ManualChange(
        "a policy on users",
        "create policy open on auth.users for select to authenticated using (true)",
        "drop policy open on auth.users",
        ("extra", "policy", "open on auth.users"),
    ),
    # Grants
    ManualChange(
        "a table opened to anon",
        "grant select, insert on messages to anon",
        "revoke all on messages from anon",
        ("extra", "grant", "on table public.messages to anon"),
    ),
    ManualChange(
        "one privilege more",
        "grant truncate on messages to authenticated",
        "revoke truncate on messages from authenticated",
        ("changed", "grant", "on table public.messages to authenticated"),
    ),
    ManualChange(
        "a privilege to pass on",
        "grant select on messages to authenticated with grant option",
        "revoke grant option for select on messages from authenticated",
        ("changed", "grant", "on table public.messages to authenticated"),
    ),
    ManualChange(
        "a missing grant",
        "revoke select on organizations from authenticated",
        "grant select on organizations to authenticated",
        ("missing", "grant", "on table public.organizations to authenticated"),
    ),
    ManualChange(
        "a column opened to anon",
        "grant select (content) on messages to anon",
        "revoke select (content) on messages from anon",
        ("extra", "grant", "on column public.messages.content to anon"),
    ),
    ManualChange(
        "a missing grant on a column",
        "revoke update (avatar_url) on user_profiles from authenticated",
        "grant update (avatar_url) on user_profiles to authenticated",
        ("missing", "grant", "on column public.user_profiles.avatar_url to authenticated"),
    ),
    ManualChange(
        "a view opened to anon",
        "grant select on private.my_colleagues to anon",
        "revoke select on private.my_colleagues from anon",
        ("extra", "grant", "on view private.my_colleagues to anon"),
    ),
    ManualChange(
        "a column of a view opened to anon",
        "grant select (user_id) on private.my_colleagues to anon",
        "revoke select (user_id) on private.my_colleagues from anon",
        ("extra", "grant", "on column private.my_colleagues.user_id to anon"),
    ),
    ManualChange(
        "a function opened to anon",
        f"grant execute on function {TRUSTED} to anon",
        f"revoke execute on function {TRUSTED} from anon",
        ("extra", "grant", f"on function {TRUSTED} to anon"),
    ),
    ManualChange(
        "a function opened to everybody",
        f"grant execute on function {TRUSTED} to public",
        f"revoke execute on function {TRUSTED} from public",
        ("extra", "grant", f"on function {TRUSTED} to public"),
    ),
    ManualChange(
        "a schema opened to anon",
        "grant usage on schema private to anon",
        "revoke usage on schema private from anon",
        ("extra", "grant", "on schema private to anon"),
    ),
    ManualChange(
        "a schema of the API in which everybody may create",
        "grant create on schema public to authenticated",
        "revoke create on schema public from authenticated",
        ("changed", "grant", "on schema public to authenticated"),
    ),
    ManualChange(
        "a sequence opened to anon",
        "grant usage on sequence private.moderation_log_id_seq to anon",
        "revoke usage on sequence private.moderation_log_id_seq from anon",
        ("extra", "grant", "on sequence private.moderation_log_id_seq to anon"),
    ),
    ManualChange(
        "a type closed to everybody",
        "revoke usage on type mood from public",
        "grant usage on type mood to public",
        ("missing", "grant", "on type public.mood to public"),
    ),
    ManualChange(
        "new tables opened to anon",
        "alter default privileges in schema private grant select on tables to anon",
        "alter default privileges in schema private revoke select on tables from anon",
        ("extra", "default privilege", "on tables in schema private to anon"),
    ),
    ManualChange(
        "new functions closed to anon",
        "alter default privileges in schema public revoke execute on functions from anon",
        "alter default privileges in schema public grant execute on functions to anon",
        ("missing", "default privilege", "on functions in schema public to anon"),
    ),
    ManualChange(
        "new functions closed to everybody",
        "alter default privileges revoke execute on functions from public",
        "alter default privileges grant execute on functions to public",
        ("missing", "default privilege", "on functions to public"),
    ),
    # Publications and buckets
    ManualChange(
        "a table too many published",
        "alter publication supabase_realtime add table user_profiles",
        "alter publication supabase_realtime drop table user_profiles",
        ("extra", "published", "table public.user_profiles in supabase_realtime"),
    ),
    ManualChange(
        "users published",
        "alter publication supabase_realtime add table auth.users",
        "alter publication supabase_realtime drop table auth.users",
        ("extra", "published", "table auth.users in supabase_realtime"),
        admin=True,
    ),
    ManualChange(
        "a whole schema published",
        "alter publication supabase_realtime add tables in schema private",
        "alter publication supabase_realtime drop tables in schema private",
        ("extra", "published", "schema private in supabase_realtime"),
        admin=True,
    ),
    ManualChange(
        "a table no longer published",
        "alter publication supabase_realtime drop table messages",
        "alter publication supabase_realtime add table messages",
        ("missing", "published", "table public.messages in supabase_realtime"),
    ),
    ManualChange(
        "a table published in part",
        "alter publication supabase_realtime drop table messages;"
        "alter publication supabase_realtime add table messages (seq, id) where (seq > 1)",
        "alter publication supabase_realtime drop table messages;"
        "alter publication supabase_realtime add table messages",
        ("changed", "published", "table public.messages in supabase_realtime"),
    ),
    ManualChange(
        "a publication of fewer changes",
        "alter publication supabase_realtime set (publish = 'insert')",
        "alter publication supabase_realtime set (publish = 'insert, update, delete, truncate')",
        ("changed", "publication", "supabase_realtime"),
    ),
    ManualChange(
        "an extra publication, with its table",
        "create publication other for table messages",
        "drop publication other",
        ("extra", "publication", "other"),
    ),
    ManualChange(
        "a public bucket",
        "update storage.buckets set public = true where id = 'attachments'",
        sql_file(FILES),
        ("changed", "bucket", "attachments"),
    ),
    ManualChange(
        "a bucket for larger files",
        "update storage.buckets set file_size_limit = null where id = 'attachments'",
        sql_file(FILES),
        ("changed", "bucket", "attachments"),
    ),
    ManualChange(
        "a bucket for other files",
        "update storage.buckets set allowed_mime_types = allowed_mime_types || 'text/html'::text",
        sql_file(FILES),
        ("changed", "bucket", "attachments"),
    ),
    ManualChange(
        "an extra bucket",
        "insert into storage.buckets (id, name, public) values ('dump', 'dump', true)",
        "set storage.allow_delete_query = 'true'; delete from storage.buckets where id = 'dump'",
        ("extra", "bucket", "dump"),
    ),
]
