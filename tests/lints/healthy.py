"""SQL that looks like a violation of a rule but is not."""

from __future__ import annotations

from tests.lints.words import NOTES, body, function, policy

MINE = "author = (select auth.uid())"

# The rule, and SQL that it must not report.
HEALTHY = [
    ("policy_without_column", NOTES + policy("false")),
    ("policy_without_column", NOTES + policy("notes is not null")),
    ("policy_without_column", NOTES + policy("(select auth.uid() = author)")),
    ("policy_without_column", NOTES + "create policy less on public.notes as restrictive using (true)"),
    ("policy_without_column", NOTES + "create policy all_of_it on public.notes to service_role using (true)"),
    ("policy_without_column", policy("(select realtime.topic()) = 'all'", table="realtime.messages")),
    # A name with all characters that appear in a parsed expression.
    ("policy_without_column", 'create table public.odd ("{QUERY ( :varlevelsup 1 })" uuid);'
        + policy('"{QUERY ( :varlevelsup 1 })" = (select auth.uid())', table="public.odd")),
    ("policy_always_true", NOTES + policy("kind is null or author is not null")),
    ("policy_always_true", NOTES + policy("(kind is null or open) and (kind is not null or open)")),
    ("policy_always_true", NOTES + policy("kind = 'true' or kind = ' OR true'")),
    ("policy_always_true", NOTES + policy("(select auth.uid()) is not null and open")),
    ("policy_always_true", NOTES + policy("coalesce(open, true) and not true")),
    ("policy_always_true", NOTES + policy("kind is not null")),
    ("captured_column", NOTES + policy("exists (select from public.notes n where n.kind = notes.kind)")),
    ("captured_column", NOTES + policy("id in (select n.id from public.notes n where n.at = notes.at)")),
    ("captured_column", NOTES + policy("id in (select n.id from notes n join notes m on m.id = n.id)")),
    ("captured_column", policy("(storage.foldername(name))[1] = 'a'", table="storage.objects")),
    ("subquery_without_row", NOTES + policy("open and exists (select from private.my_organizations o)")),
    ("subquery_without_row", NOTES + policy("organization in (select id from public.organizations)")),
    ("subquery_without_row", NOTES + policy("exists (select from private.holds where name = current_user)")),
    ("subquery_without_row", NOTES + policy("not exists (select from private.holds where name = 'x)')")),
    ("subquery_without_row", NOTES + policy(f"kind in (select h.name from private.holds h) and {MINE}")),
    # A sub-select correlated with an outer one that is correlated with the row.
    ("subquery_without_row", NOTES + policy("""
        exists (
          select from private.holds h
          where h.name = kind and exists (select from private.suspensions s where s.user_id = h.user_id)
        )
    """)),
    ("subquery_without_row", f"""
        create function private.tried() returns uuid language sql stable begin atomic select auth.uid(); end;
        {NOTES} {policy("open and exists (select from private.holds h where h.user_id = private.tried())")}
    """),
    # Access for everybody on purpose: a table that everybody reads or a form that everybody fills in.
    ("check_without_caller", NOTES + policy("open", "all")),
    ("check_without_caller", NOTES + policy("true", "insert")),
    ("check_without_caller", NOTES + policy(MINE, "all")),
    ("check_without_caller", NOTES + policy(MINE, "update") + " with check (false)"),
    ("check_without_caller", NOTES + policy(MINE, "all") + " with check (id in (select id from messages))"),
    # The author may change the state of a note.
    ("check_without_column", f"""
        {NOTES} create policy reading on public.notes for select to authenticated
        using (kind = 'public' or {MINE});
        {policy(f"{MINE} and kind = 'draft' and open", "update")} with check ({MINE})
    """),
    ("check_without_column", NOTES + policy(MINE, "all")),
    ("forgeable_claim", NOTES + policy("kind = (select auth.jwt() -> 'app_metadata' ->> 'role')")),
    ("forgeable_claim", NOTES + policy("kind = (select auth.jwt() -> 'app_metadata' ->> 'email')")),
    ("forgeable_claim", f"""
        create function private.tried() returns boolean language sql stable
        as 'select current_user = ''anon'' -- not user_metadata';
        {NOTES} {policy("open and private.tried()")}
    """),
    # A function that no policy uses may copy claims that users control.
    ("forgeable_claim", body("private.tried()", "begin return auth.jwt() -> 'user_metadata' ->> 'a'; end")),
    ("policy_function_per_row", f"""
        {function("private.takes_part(note uuid)", "stable security definer", "boolean")};
        {NOTES} {policy("private.takes_part(id)", "insert")};
        create policy once on public.notes for select using (private.takes_part((select auth.uid())));
        create policy within on public.notes for select using (exists (
          select from private.my_organizations o
          where o.organization_id = notes.id and private.takes_part(o.organization_id)
        ));
        create policy text on public.notes for select using (kind = 'private.takes_part(id)')
    """),
    ("policy_function_per_row", f"""
        {function("private.takes_part(note uuid)", "immutable security definer", "boolean")};
        {NOTES} {policy("private.takes_part(id)")}
    """),
    ("policy_function_volatility", f"""
        create function private.tried(kind text) returns boolean language plpgsql immutable as $$
        begin -- select from messages
          return extract(year from '2026-01-01'::date) = 2026
            and substring(kind from 'messages') = concat(kind, 'now()')
            and exists (select from unnest(array[kind]) as messages (holds));
        end $$;
        {NOTES} {policy("private.tried(kind)")}
    """),
    ("policy_function_volatility", function("private.tried()", "volatile")),
    ("definer_without_caller", body("private.tried()", "begin perform private.require_caller(null); end")),
    ("definer_without_caller", body("private.tried()", "begin perform from private.my_organizations; end")),
    ("definer_without_caller", body("private.tried()", "begin return new; end", returns="trigger")),
    ("definer_without_caller", function("private.tried()", "")),
    ("definer_with_dynamic_sql", body("private.tried(a text)", "begin execute a; return a; end", "")),
    ("definer_with_dynamic_sql", body("private.tried(a text)", """
        declare r text;
        begin
          -- execute a;
          raise notice 'whoever may execute; it %', 'x' || a;
          execute $q$ select 1 $q$;
          execute format('select %I from x where a = $1 and b = %L', a, a) into r using a || 'x';
          return 'a' || r;
        end
    """)),
    ("setting_outlives_transaction", body("private.tried(a text)", """
        begin
          -- set x.y = 1;
          set local x.y = 1; set constraints all immediate; set transaction read only;
          update private.holds set name = a where name = '; set x.y = 1; ' || set_config('x.y', ')', true);
          return a;
        end
    """)),
    ("setting_outlives_transaction", function("private.tried()", "set search_path = ''")),
    ("rewrite_rule", "create rule tried as on delete to private.holds do instead nothing"),
    # Without a policy for it, nobody can delete a row.
    ("cascade_past_privileges", "grant delete on public.conversations to authenticated"),
    ("powerful_api_role", "create role tried nologin; grant tried to authenticated"),
    ("default_privileges", "alter default privileges in schema private grant all on tables to service_role"),
    ("public_bucket_listed", policy("bucket_id = 'attachments'", table="storage.objects")),
    ("storage_policy_without_bucket", policy("objects.bucket_id in ('a', 'b')", "all", "storage.objects")),
    ("storage_policy_without_bucket", policy("is_group", table="public.conversations")),
    ("bucket_without_limits", "update storage.buckets set allowed_mime_types = '{image/*}'"),
    ("published_replica_identity", """
        alter publication supabase_realtime add table private.holds;
        alter table private.holds replica identity using index holds_name_key
    """),
    ("published_table_without_rls", "create table private.tried (id int primary key)"),
]  # fmt: skip
