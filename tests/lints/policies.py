"""The roles of a policy, its cost, and what it trusts."""

from __future__ import annotations

from tests.lints.words import NOTES, body, function, policy

# The rule, SQL that breaks it, SQL that repairs it, the reported object.
CASES = [
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
    # A select that refers to a column of the row is still evaluated for every row.
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
        "forgeable_claim",
        NOTES + policy("kind = (select auth.jwt() -> 'user_metadata' ->> 'kind')"),
        """
        alter policy tried on public.notes
        using (kind = (select auth.jwt() -> 'app_metadata' ->> 'kind'))
        """,
        "tried on public.notes",
    ),
    # A function used by a view that the policy uses.
    (
        "forgeable_claim",
        f"""
        {body(
            "private.tried()",
            "begin return (select raw_user_meta_data ->> 'x' from auth.users where id = auth.uid()); end",
            "stable",
        )};
        create view private.kinds as select private.tried() as kind;
        {NOTES} {policy("kind in (select k.kind from private.kinds k)")}
        """,
        "create or replace view private.kinds as select 'a' as kind",
        "tried on public.notes",
    ),
    (
        "forgeable_claim",
        NOTES + policy("kind = (select auth.email())"),
        "alter policy tried on public.notes using (author = (select auth.uid()))",
        "tried on public.notes",
    ),
    (
        "forgeable_claim",
        NOTES + policy("kind = (current_setting('request.jwt.claims', true)::jsonb ->> 'email')"),
        "alter policy tried on public.notes using (author = (select auth.uid()))",
        "tried on public.notes",
    ),
    (
        "forgeable_claim",
        NOTES + policy("kind = (current_setting('request.headers', true)::json ->> 'x-kind')"),
        "alter policy tried on public.notes using (author = (select auth.uid()))",
        "tried on public.notes",
    ),
    (
        "forgeable_claim",
        NOTES + policy("open and (select auth.role()) = 'authenticated'"),
        "alter policy tried on public.notes using (open)",
        "tried on public.notes",
    ),
    (
        "forgeable_claim",
        f"""
        create function private.tried() returns boolean language sql stable security definer
        as $$ select current_user = 'anon' $$;
        {NOTES} {policy("open and not private.tried()")}
        """,
        "alter function private.tried() security invoker",
        "tried on public.notes",
    ),
    (
        "policy_function_per_row",
        f"""
        {body("private.takes_part(note uuid)", "begin return true; end", "stable", "boolean")};
        {NOTES} {policy("private.takes_part(id)")}
        """,
        """
        alter policy tried on public.notes
        using (id in (select o.organization_id from private.my_organizations o))
        """,
        "tried on public.notes",
    ),
    (
        "policy_function_per_row",
        f"""
        {function("private.takes_part(who uuid, note uuid)", "stable security definer", "boolean")};
        {NOTES} {policy("private.takes_part((select auth.uid()), coalesce(organization, id))", "update")}
        """,
        "alter function private.takes_part(uuid, uuid) security invoker",  # now it is inlined into the plan
        "tried on public.notes",
    ),
    (
        "policy_function_per_row",
        f"""
        {function("private.takes_part(note text)", "stable security definer", "boolean")};
        {NOTES} {policy('exists (select from private.holds h where private.takes_part(notes."Odd name"))')}
        """,
        """
        alter policy tried on public.notes
        using (exists (select from private.holds h where private.takes_part(h.name)))
        """,
        "tried on public.notes",
    ),
    (
        "policy_function_volatility",
        f"{function('private.tried()', '')}; {NOTES} {policy('kind = private.tried()')}",
        "alter function private.tried() stable",
        "private.tried()",
    ),
    (
        "policy_function_volatility",
        NOTES + policy("kind < random()::text"),
        "drop policy tried on public.notes",
        "pg_catalog.random()",
    ),
    (
        "policy_function_volatility",
        f"""
        create function private.tried(id uuid) returns boolean language sql immutable
        as 'select exists (select from public.messages m where m.id = $1)';
        {NOTES} {policy("private.tried(id)")}
        """,
        "alter function private.tried(uuid) stable",
        "private.tried(uuid)",
    ),
    (
        "policy_function_volatility",
        f"""
        {body("private.tried()", "begin return private.current_user_id(); end", "immutable", "uuid")};
        {NOTES} {policy("author = private.tried()")}
        """,
        "alter policy tried on public.notes using (author = (select auth.uid()))",
        "private.tried()",
    ),
]  # fmt: skip
