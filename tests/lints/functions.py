"""Functions that run as their owner."""

from __future__ import annotations

from tests.lints.words import body, function

# The rule, SQL that breaks it, SQL that repairs it, the reported object.
CASES = [
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
        "definer_without_caller",
        f"{function('private.tried()')}; grant execute on function private.tried() to authenticated",
        """
        create or replace function private.tried() returns text language sql security definer
        as 'select auth.uid()::text'
        """,
        "private.tried()",
    ),
    # Its checks do not depend on the caller: a comment, or the name of the owner.
    (
        "definer_without_caller",
        f"""
        {body("private.asked()", "begin /* auth.uid() */ return current_user; end", "")};
        {body("private.tried(a int, b int)", "begin return private.asked(); end")}
        """,
        "revoke execute on function private.tried(int, int) from public",
        "private.tried(integer, integer)",
    ),
    (
        "definer_with_dynamic_sql",
        body("private.tried(a text)", "begin execute 'select ' || a; return a; end"),
        """
        create or replace function private.tried(a text) returns text language plpgsql security definer
        as $$ begin execute 'select ' || quote_ident(lower(a)); return a; end $$
        """,
        "private.tried(text)",
    ),
    (
        "definer_with_dynamic_sql",
        body(
            "private.tried(a text)",
            "begin if a <> '' then execute format('select ''x;'', %1$s', a) using a; end if; end",
        ),
        """
        create or replace function private.tried(a text) returns text language plpgsql security definer
        as $$ begin if a <> '' then execute format('select ''%%'', %1$L', a) using a || a; end if; end $$
        """,
        "private.tried(text)",
    ),
    (
        "definer_with_dynamic_sql",
        body("private.tried(a text)", "declare q text := 'select ' || a; begin execute q; return a; end"),
        "alter function private.tried(text) security invoker",
        "private.tried(text)",
    ),
    (
        "setting_outlives_transaction",
        body("private.tried(a text)", "begin perform set_config('x.y', upper(a), false); return a; end", ""),
        """
        create or replace function private.tried(a text) returns text language plpgsql
        as $$ begin perform set_config('x.y', upper(a), is_local => true); return a; end $$
        """,
        "private.tried(text)",
    ),
    (
        "setting_outlives_transaction",
        "create function private.tried() returns void language sql as 'set x.y = 1; set local x.z = 1'",
        "create or replace function private.tried() returns void language sql as 'set local x.y = 1'",
        "private.tried()",
    ),
    (
        "setting_outlives_transaction",
        """
        create function private.tried(a text) returns text language sql
        begin atomic select set_config('x.y', a, false); end
        """,
        "drop function private.tried(text)",
        "private.tried(text)",
    ),
]  # fmt: skip

# Violations that only a superuser can cause.
SUPERUSER_CASES = [
    (
        "definer_of_superuser",
        function("private.tried()"),
        "alter function private.tried() owner to postgres",
        "private.tried()",
    ),
    (
        "definer_of_superuser",
        "alter function public.get_unread_count(uuid, uuid) owner to supabase_admin",
        "revoke execute on function public.get_unread_count(uuid, uuid) from authenticated",
        "public.get_unread_count(uuid, uuid)",
    ),
]  # fmt: skip
