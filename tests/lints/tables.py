"""Tables, views, triggers and rules."""

from __future__ import annotations

from tests.lints.words import CLOSED, NOTES, policy

# The rule, SQL that breaks it, SQL that repairs it, the reported object.
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
        "rewrite_rule",
        "create rule tried as on insert to public.messages do also select 1",
        "drop rule tried on public.messages",
        "tried on public.messages",
    ),
    (
        "rewrite_rule",
        """
        create view private.tried with (security_invoker) as select id from public.messages;
        grant insert (id) on private.tried to authenticated;
        create rule silent as on insert to private.tried do instead nothing
        """,
        "revoke insert (id) on private.tried from authenticated",
        "silent on private.tried",
    ),
    (
        "cascade_past_privileges",
        f"""
        {NOTES} grant delete on public.notes to authenticated;
        create table private.marks (
          note uuid constraint mark_of references public.notes on delete cascade
        );
        {policy("author = (select auth.uid())", "delete")}
        """,
        "grant delete on private.marks to authenticated",
        "mark_of on private.marks",
    ),
    # In two steps, of which the first is allowed.
    (
        "cascade_past_privileges",
        f"""
        {NOTES}
        create table public.pages (
          id int primary key, note uuid references public.notes on delete cascade
        );
        create table private.marks (
          page int constraint mark_of references public.pages on delete cascade
        );
        alter table public.pages enable row level security;
        {policy("author = (select auth.uid())", "all")}
        """,
        "drop policy tried on public.notes",
        "mark_of on private.marks",
    ),
]  # fmt: skip
