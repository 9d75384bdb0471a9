"""What breaks each rule of sql/lints, and what repairs it again."""

from __future__ import annotations

CLOSED = "revoke all on {} from anon, authenticated"
NOTES = """
create table public.notes (
  id uuid primary key, author uuid, organization uuid, kind text, open boolean, at timestamptz,
  "Odd name" text
);
alter table public.notes enable row level security;
"""


def policy(using: str, command: str = "select", table: str = "public.notes") -> str:
    clause = "with check" if command == "insert" else "using"
    return f"create policy tried on {table} for {command} to authenticated {clause} ({using})"


def function(name: str, options: str = "security definer", returns: str = "text") -> str:
    return f"create function {name} returns {returns} language sql {options} as 'select null::{returns}'"


# The rule, what breaks it, what repairs it, the object named.
CASES = [
    (
        "table_without_rls",
        "create table public.notes ()",
        "alter table public.notes enable row level security",
        "public.notes",
    ),
    (
        "table_without_rls",
        f"create table public.notes (id int); {CLOSED.format('public.notes')}",
        "alter table public.notes enable row level security",
        "public.notes",
    ),
    (
        "table_without_rls",
        "create table private.notes (id int, b int); grant update (b) on private.notes to authenticated",
        "revoke update (b) on private.notes from authenticated",
        "private.notes",
    ),
    (
        "table_without_rls",
        "create table private.notes (id int); grant truncate on private.notes to public",
        "revoke truncate on private.notes from public",
        "private.notes",
    ),
    (
        "table_without_rls",
        """
        create table public.days (at date) partition by range (at);
        alter table public.days enable row level security;
        create table public.day partition of public.days default
        """,
        "alter table public.day enable row level security",
        "public.day",
    ),
    (
        "rls_without_policy",
        NOTES,
        "revoke all on public.notes from anon, authenticated",
        "public.notes",
    ),
    (
        "rls_without_policy",
        f"{NOTES} {CLOSED.format('public.notes')}; grant select (id) on public.notes to anon",
        "create policy tried on public.notes for select to anon using (true)",
        "public.notes",
    ),
    (
        "rls_without_policy",
        "grant delete on public.messages to authenticated",
        "create policy tried on public.messages for delete to authenticated using (false)",
        "public.messages",
    ),
    (
        "rls_without_policy",
        "alter policy \"participants read messages\" on public.messages to service_role",
        "alter policy \"participants read messages\" on public.messages to public",
        "public.messages",
    ),
    (
        "rls_without_policy",
        f"""
        {NOTES} {CLOSED.format('public.notes')}; grant insert on public.notes to authenticated;
        create policy less on public.notes as restrictive to authenticated using (true)
        """,
        policy("true", "insert"),
        "public.notes",
    ),
    (
        "policy_without_to",
        "create policy tried on public.messages using (false)",
        "alter policy tried on public.messages to authenticated",
        "tried on public.messages",
    ),
    (
        "policy_without_to",
        "create policy tried on storage.objects for select using (false)",
        "alter policy tried on storage.objects to authenticated",
        "tried on storage.objects",
    ),
    (
        "bare_auth_uid",
        NOTES + policy("author = auth.uid()"),
        "alter policy tried on public.notes using (author = (select auth.uid()))",
        "tried on public.notes",
    ),
    (
        "bare_auth_uid",
        NOTES + policy("author = (select auth.uid()) or auth.role() = 'editor'"),
        "alter policy tried on public.notes using (author = (select auth.uid()) or kind = '')",
        "tried on public.notes",
    ),
    (
        "bare_auth_uid",
        NOTES + policy("kind = auth.jwt() ->> 'kind'"),
        "alter policy tried on public.notes using (kind = (select (auth.jwt() ->> 'kind')::text))",
        "tried on public.notes",
    ),
    (
        "bare_auth_uid",
        policy("sender_id = private.current_user_id()", "insert", "public.messages"),
        "alter policy tried on public.messages with check (sender_id = (select private.current_user_id()))",
        "tried on public.messages",
    ),
    (
        "bare_auth_uid",
        NOTES + policy("exists (select from public.notes n where n.author = auth.uid())"),
        """
        alter policy tried on public.notes
        using (exists (select from public.notes n where n.author = (select auth.uid())))
        """,
        "tried on public.notes",
    ),
    # A select that names a column of the row is asked for every row all the same.
    (
        "bare_auth_uid",
        NOTES + policy("(select auth.uid() = author)"),
        "alter policy tried on public.notes using ((select auth.uid()) = author)",
        "tried on public.notes",
    ),
    (
        "bare_auth_uid",
        NOTES + policy("kind = current_setting('request.jwt.claims', true)::jsonb ->> 'kind'"),
        """
        alter policy tried on public.notes
        using (kind = (select current_setting('request.jwt.claims', true)::jsonb ->> 'kind'))
        """,
        "tried on public.notes",
    ),
    (
        "bare_auth_uid",
        function("public.me()", "stable", "uuid") + ";" + NOTES + policy("author = public.me()"),
        "alter policy tried on public.notes using (author = (select public.me()))",
        "tried on public.notes",
    ),
    (
        "bare_auth_uid",
        policy("owner_id = auth.uid()::text", "select", "storage.objects"),
        "alter policy tried on storage.objects using (owner_id = (select auth.uid())::text)",
        "tried on storage.objects",
    ),
    (
        "bare_auth_uid",
        policy("realtime.topic() = 'all'", "select", "realtime.messages"),
        "alter policy tried on realtime.messages using ((select realtime.topic()) = 'all')",
        "tried on realtime.messages",
    ),
    (
        "definer_without_search_path",
        function("private.tried(a uuid, b text)"),
        "alter function private.tried(uuid, text) set search_path = ''",
        "private.tried(uuid, text)",
    ),
    (
        "definer_without_search_path",
        function("private.tried()", "security definer set search_path = public"),
        "alter function private.tried() security invoker",
        "private.tried()",
    ),
    (
        "definer_for_everyone",
        function("private.tried()", "security definer set search_path = ''"),
        "revoke execute on function private.tried() from public",
        "private.tried()",
    ),
    (
        "definer_for_everyone",
        "grant execute on function public.get_unread_count(uuid, uuid) to anon",
        "revoke execute on function public.get_unread_count(uuid, uuid) from anon",
        "public.get_unread_count(uuid, uuid)",
    ),
    (
        "view_without_security_invoker",
        "create view public.tried as select id from public.messages",
        "alter view public.tried set (security_invoker)",
        "public.tried",
    ),
    (
        "view_without_security_invoker",
        """
        create view private.tried with (security_invoker = false) as select id from public.messages;
        grant update (id) on private.tried to authenticated
        """,
        "alter view private.tried set (security_invoker = on)",
        "private.tried",
    ),
    (
        "view_without_security_invoker",
        "create materialized view public.tried as select id from public.messages",
        CLOSED.format("public.tried"),
        "public.tried",
    ),
    (
        "unindexed_foreign_key",
        "alter table private.holds add column by uuid constraint holds_by references public.user_profiles",
        "create index on private.holds (by)",
        "holds_by on private.holds",
    ),
    (
        "unindexed_foreign_key",
        "drop index private.holds_user; create index on private.holds (user_id) where released_at is null",
        "create index on private.holds (user_id, released_at) where user_id is not null",
        "holds_user_id_fkey on private.holds",
    ),
    (
        "unindexed_foreign_key",
        "drop index private.holds_user; create index on private.holds (name) include (user_id)",
        "create index on private.holds using hash (user_id)",
        "holds_user_id_fkey on private.holds",
    ),
    (
        "unindexed_foreign_key",
        """
        create table private.marks (
          a uuid, b uuid, c int, constraint marks_of
          foreign key (a, b) references public.conversation_participants (conversation_id, user_id)
        );
        create index on private.marks (a, c, b)
        """,
        "create index on private.marks (b, a, c)",
        "marks_of on private.marks",
    ),
    (
        "unindexed_policy_column",
        NOTES + policy("author = (select auth.uid())"),
        "create index on public.notes (author)",
        "public.notes.author",
    ),
    (
        "unindexed_policy_column",
        NOTES + policy("organization in (select o.organization_id from private.my_organizations o)"),
        "create index on public.notes (organization, at)",
        "public.notes.organization",
    ),
    (
        "unindexed_policy_column",
        NOTES + policy("at > now() and open and kind = 'a' and kind in ('a', 'b')"),
        "create index on public.notes (at)",
        "public.notes.at",
    ),
    (
        "unindexed_policy_column",
        NOTES + policy("\"Odd name\" = (select auth.role()) and kind is not null", "delete"),
        "create index on public.notes (\"Odd name\")",
        "public.notes.\"Odd name\"",
    ),
    # Behind a column that the same policy asks for, an index finds the rows of both.
    (
        "unindexed_policy_column",
        f"""
        {NOTES} create index on public.notes (organization, kind, author);
        {policy("organization = (select auth.uid()) and author = (select auth.uid())")}
        """,
        "create index on public.notes (organization, author)",
        "public.notes.author",
    ),
]  # fmt: skip
