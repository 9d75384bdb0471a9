"""Changes of views, rules, functions and triggers."""

from __future__ import annotations

from tests.drifts.change import ManualChange, sql_file

TRUSTED = "private.is_trusted()"

CHANGES = [
    # Views and rules
    ManualChange(
        "an extra view",
        "create view everything as select * from messages",
        "drop view everything",
        ("extra", "view", "public.everything"),
    ),
    ManualChange(
        "an extra materialized view, with its index",
        "create materialized view counted as select count(*) n from messages; create index on counted (n)",
        "drop materialized view counted",
        ("extra", "view", "public.counted"),
    ),
    ManualChange(
        "a missing view",
        "drop view plain",
        "create view plain as select id from organizations",
        ("missing", "view", "public.plain"),
    ),
    ManualChange(
        "a view that shows more",
        """
        create or replace view private.my_organizations with (security_barrier = true) as
        select om.organization_id from public.organization_members om
        """,
        sql_file("objects/views/my_organizations.sql"),
        ("changed", "view", "private.my_organizations"),
    ),
    ManualChange(
        "a view without its barrier",
        "alter view private.my_participations set (security_barrier = false)",
        "alter view private.my_participations set (security_barrier = true)",
        ("changed", "view", "private.my_participations"),
    ),
    ManualChange(
        "a view that uses other rights",
        "alter view private.my_participations set (security_invoker = true)",
        "alter view private.my_participations reset (security_invoker)",
        ("changed", "view", "private.my_participations"),
    ),
    ManualChange(
        "an extra rule",
        "create rule swallow as on delete to messages do instead nothing",
        "drop rule swallow on messages",
        ("extra", "rule", "swallow on public.messages"),
    ),
    # Functions
    ManualChange(
        "a function with another body",
        f"create or replace function {TRUSTED} returns boolean language sql stable security definer "
        "set search_path = '' as 'select true'",
        sql_file("objects/functions/is_trusted.sql"),
        ("changed", "function", TRUSTED),
    ),
    ManualChange(
        "a function with the caller's rights",
        "alter function private.sync_profile() security invoker",
        "alter function private.sync_profile() security definer",
        ("changed", "function", "private.sync_profile()"),
    ),
    ManualChange(
        "a function with another search path",
        f"alter function {TRUSTED} set search_path = public",
        f"alter function {TRUSTED} set search_path = pg_catalog, pg_temp",
        ("changed", "function", TRUSTED),
    ),
    ManualChange(
        "a function without a search path",
        f"alter function {TRUSTED} reset search_path",
        f"alter function {TRUSTED} set search_path = pg_catalog, pg_temp",
        ("changed", "function", TRUSTED),
    ),
    ManualChange(
        "a function of other volatility",
        f"alter function {TRUSTED} volatile",
        f"alter function {TRUSTED} stable",
        ("changed", "function", TRUSTED),
    ),
    ManualChange(
        "a function of somebody else's",
        f"alter function {TRUSTED} owner to supabase_admin",
        f"alter function {TRUSTED} owner to postgres",
        ("changed", "function", TRUSTED),
        admin=True,
    ),
    ManualChange(
        "an extra function, open as functions are",
        "create function leak() returns setof messages language sql security definer as 'table messages'",
        "drop function leak()",
        ("extra", "function", "public.leak()"),
    ),
    ManualChange(
        "an overloaded function",
        f"create function {TRUSTED[:-1]}int) returns boolean language sql as 'select true'",
        f"drop function {TRUSTED[:-1]}int)",
        ("extra", "function", "private.is_trusted(integer)"),
    ),
    ManualChange(
        "an extra procedure",
        "create procedure tidy() language sql as 'select 1'",
        "drop procedure tidy()",
        ("extra", "function", "public.tidy()"),
    ),
    ManualChange(
        "an extra aggregate",
        "create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0')",
        "drop aggregate total(int)",
        ("extra", "function", "public.total(integer)"),
    ),
    ManualChange(
        "a missing function, with its grants",
        "drop function get_unread_count(uuid, uuid)",
        sql_file("objects/functions/get_unread_count.sql"),
        ("missing", "function", "public.get_unread_count(uuid,uuid)"),
    ),
    # Triggers
    ManualChange(
        "an extra trigger",
        "create trigger again before update on messages "
        "for each row execute function private.set_updated_at()",
        "drop trigger again on messages",
        ("extra", "trigger", "again on public.messages"),
    ),
    ManualChange(
        "a missing trigger",
        "drop trigger messages_before_update on messages",
        sql_file("objects/triggers/messages_before_update.sql"),
        ("missing", "trigger", "messages_before_update on public.messages"),
    ),
    ManualChange(
        "a disabled trigger",
        "alter table messages disable trigger messages_before_insert",
        "alter table messages enable trigger messages_before_insert",
        ("changed", "trigger", "messages_before_insert on public.messages"),
    ),
    ManualChange(
        "a trigger for fewer cases",
        "create or replace trigger messages_purged after delete on messages for each row "
        "when (old.seq > 5) execute function private.messages_recounted()",
        sql_file("objects/triggers/messages_recounted.sql"),
        ("changed", "trigger", "messages_purged on public.messages"),
    ),
    ManualChange(
        "an extra trigger of ours on users",
        "create trigger again after insert on auth.users "
        "for each row execute function private.sync_profile()",
        "drop trigger again on auth.users",
        ("extra", "trigger", "again on auth.users"),
    ),
    ManualChange(
        "a missing trigger of ours on users",
        "drop trigger chat_sync_profile on auth.users",
        sql_file("objects/triggers/sync_profile.sql"),
        ("missing", "trigger", "chat_sync_profile on auth.users"),
    ),
    ManualChange(
        "a disabled trigger of ours on users",
        "alter table auth.users disable trigger chat_sync_profile",
        "alter table auth.users enable trigger chat_sync_profile",
        ("changed", "trigger", "chat_sync_profile on auth.users"),
        admin=True,
    ),
]
