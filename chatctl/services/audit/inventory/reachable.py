"""What of the database the API can reach, by its catalogue, against what access.yaml lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import NEVER, Access, SchemaKind, Table
from chatctl.services.audit.findings.finding import Finding, Rule
from chatctl.services.audit.inventory.privileges import Privileges, rows
from chatctl.sqltext.quoting import literal, procedure, relation

# PostgREST reads its configuration from pgrst.…, and makes the settings of a role for every request as it.
_DECISIVE = re.compile(
    r"row_security|session_replication_role|role|session_authorization|request\..+"
    r"|pgrst\.(?:db_anon_role|db_pre_request|db_plan_enabled|jwt_.+|role_claim_key)"
)


def check(conn: Connection, access: Access, held: Privileges) -> list[Finding]:
    """Everything within reach that access.yaml does not list, and everything listed that is not there.

    Supabase's own need not be listed. It comes after ``privileges.held``, which finds out what that is.
    """
    roles = {"roles": list(access.api.roles)}
    return [
        *_schemas(conn, access, roles),
        *_relations(conn, access, roles),
        *_privileges(access, held),
        *_functions(conn, access, roles, held),
        *_system(conn, roles),
        *_buckets(conn, access),
        *_publications(conn, access),
        *_roles(conn, access),
    ]


def _schemas(conn: Connection, access: Access, roles: Mapping[str, Any]) -> Iterator[Finding]:
    for row in rows(conn, "audit/schemas", roles):
        name, entering = row["name"], row["enter"] or []
        shown = f"select nspacl from pg_namespace where nspname = {literal(name)};"
        if entering and name not in access.schemas:
            yield Finding(
                Rule.unlisted,
                name,
                "usage",
                f"schema {name} can be entered by an API role and is not listed under schemas",
                shown,
            )
        surplus = [(role, "create") for role in row["make"] or []]
        if access.schemas.get(name) == "internal":
            surplus += [(role, "usage") for role in entering if role not in _entering(access, name)]
        for role, privilege in surplus:
            yield Finding(
                Rule.privilege,
                name,
                f"{role} {privilege}",
                f"{role} holds {privilege} on schema {name}, which access.yaml does not give",
                shown,
            )


def _entering(access: Access, schema: str) -> Collection[str]:
    """The roles that may enter an internal schema: every one has to, for the function before its request."""
    before = access.api.pre_request
    return access.api.roles if before and before.split(".")[0] == schema else access.api.granted


def _relations(conn: Connection, access: Access, roles: Mapping[str, Any]) -> Iterator[Finding]:
    listed = {table.name for table in access.tables}
    proved = {table.name for table in access.tried_tables}
    for row in rows(conn, "audit/relations", roles):
        name, kind = row["relation"], _kind(access, row["relation"].split(".")[0], row)
        shown = (
            f"select relacl, relrowsecurity from pg_class where oid = {literal(relation(name))}::regclass;"
        )
        if row["of_platform"]:
            yield from _of_platform(row, shown, listed={*listed, *access.internal_tables})
            continue
        closed = row["kind"] in "rp" and row["row_security"]
        # What of the platform is listed under tables is tried there.
        elsewhere = kind is None or (kind == "platform" and name in listed)
        if elsewhere or (kind != "exposed" and name in access.internal_tables):
            continue
        if kind in ("internal", "platform"):
            yield Finding(
                Rule.unlisted,
                name,
                "privileges",
                f"{name} is within reach of an API role and not listed under internal",
                shown,
            )
            continue
        if name not in listed and not (kind == "storage" and closed and not row["has_policies"]):
            yield Finding(
                Rule.unlisted,
                name,
                "privileges",
                f"{name} is within reach of the API and not listed under tables",
                shown,
            )
        if row["kind"] in "rp" and not closed:
            yield Finding(Rule.row_security, name, "enable", f"row-level security of {name} is off", shown)
        # What a listed view shows is tried, whoever it reads as.
        if row["kind"] in "vmf" and not row["invoker"] and name not in proved:
            yield Finding(
                Rule.row_security,
                name,
                "security_invoker",
                f"{name} reads as its owner, past the policies of the tables below it",
                shown,
            )


def _of_platform(row: Mapping[str, Any], shown: str, *, listed: Collection[str]) -> Iterator[Finding]:
    """What somebody has opened of a table of Supabase's or an extension's; what is ``listed`` is tried."""
    name = row["relation"]
    if name not in listed and (row["surplus"] or row["has_policies"]):
        opened = (
            f"is open beyond what Supabase or its extension grants ({', '.join(row['surplus'])})"
            if row["surplus"]
            else "has a policy"
        )
        yield Finding(
            Rule.unlisted, name, "privileges", f"{name} {opened} and is not listed under tables", shown
        )
    if row["open"]:
        yield Finding(Rule.row_security, name, "enable", f"row-level security of {name} is off", shown)


def _kind(access: Access, schema: str, row: Mapping[str, Any]) -> SchemaKind | None:
    """What ``schema`` is; Supabase's own need not be listed."""
    return access.schemas.get(schema) or ("platform" if row["in_platform"] else None)


def _privileges(access: Access, held: Privileges) -> Iterator[Finding]:
    for table in access.tried_tables:
        if table.platform_privileges:
            continue
        have = {
            (role, privilege, column)
            for role, name, privilege, column in held
            if name == table.name and role in access.api.roles
        }
        columns = {column for _, name, _, column in held if name == table.name and column}
        want = {
            (role, privilege, column)
            for role in access.api.granted
            for privilege, column in _wanted(table, columns)
        }
        for role, privilege, column in sorted(have ^ want, key=str):
            what = f"{privilege} ({column})" if column else privilege
            surplus = (role, privilege, column) in have
            yield Finding(
                Rule.privilege,
                table.name,
                f"{role} {what}",
                f"{role} holds {what} on {table.name}, which access.yaml does not give"
                if surplus
                else f"{role} lacks {what} on {table.name}, which access.yaml gives",
                _asked(role, table.name, privilege, column),
            )


def _wanted(table: Table, columns: set[str]) -> Iterator[tuple[str, str | None]]:
    if table.rows or table.select != NEVER:
        yield from (("select", column) for column in columns)
    if table.insert and table.insert.allow != NEVER:
        yield from (("insert", column) for column in table.insert.values)
    yield from (("update", column) for column in table.update)
    if table.delete.allow != NEVER:
        yield "delete", None


def _asked(role: str, name: str, privilege: str, column: str | None) -> str:
    if column:
        return (
            f"select has_column_privilege({literal(role)}, {literal(relation(name))}, {literal(column)}, "
            f"{literal(privilege)});"
        )
    return f"select has_table_privilege({literal(role)}, {literal(relation(name))}, {literal(privilege)});"


def _functions(
    conn: Connection, access: Access, roles: Mapping[str, Any], held: Privileges
) -> Iterator[Finding]:
    listed = {function.signature for function in access.functions}
    for row in rows(conn, "audit/functions", roles):
        name, kind = row["signature"], _kind(access, row["schema"], row)
        may_call = access.api.roles if name == f"{access.api.pre_request}()" else access.api.granted
        oid = f"{literal(procedure(name))}::regprocedure"
        shown = f"select proacl, proconfig, prosecdef from pg_proc where oid = {oid};"
        callers = ", ".join(row["roles"])
        if row["of_platform"]:
            if row["surplus"]:
                who = ", ".join(row["surplus"])
                yield Finding(
                    Rule.privilege,
                    name,
                    "execute",
                    f"{who} may execute {name}, which neither Supabase nor an extension gives",
                    shown,
                )
            continue
        if kind not in ("exposed", "internal") and not row["in_platform"]:
            continue
        if name not in (listed if kind == "exposed" else access.internal_functions):
            where = "functions" if kind == "exposed" else "internal"
            yield Finding(
                Rule.unlisted,
                name,
                "execute",
                f"{name} can be called by {callers} and is not listed under {where}",
                shown,
            )
        surplus = [role for role in row["roles"] if role not in may_call]
        if surplus or row["to_public"]:
            who = "PUBLIC" if row["to_public"] else ", ".join(surplus)
            yield Finding(
                Rule.privilege,
                name,
                "execute",
                f"{who} may execute {name}; access.yaml gives it to {', '.join(may_call)}",
                shown,
            )
        if row["definer"] and not row["closed_path"]:
            yield Finding(
                Rule.definer,
                name,
                "search_path",
                f"{name} runs as its owner without `set search_path = ''`",
                shown,
            )
    reached = {
        name for role, name, privilege, _ in held if privilege == "execute" and role in access.api.roles
    }
    for name in sorted((listed | set(access.internal_functions)) - reached):
        yield Finding(
            Rule.absent,
            name,
            "execute",
            f"{access.path.name} lists {name}, which does not exist or no API role can call",
            f"select to_regprocedure({literal(procedure(name))});",
        )


def _system(conn: Connection, roles: Mapping[str, Any]) -> Iterator[Finding]:
    for row in rows(conn, "audit/system", roles):
        name, role, privilege = row["name"], row["role"], row["privilege"]
        table, kind = ("pg_proc", "regprocedure") if "(" in name else ("pg_class", "regclass")
        yield Finding(
            Rule.privilege,
            name,
            f"{role} {privilege}",
            f"{role} holds {privilege} on {name}, which PostgreSQL does not give",
            f"select * from {table} where oid = {literal(name)}::{kind};",
        )


def _buckets(conn: Connection, access: Access) -> Iterator[Finding]:
    there = conn.execute("select to_regclass('storage.buckets') is not null").fetchone()
    found = {row.pop("name"): row for row in rows(conn, "audit/buckets", {})} if there and there[0] else {}
    for name in sorted({*found, *access.buckets}):
        shown = f"select * from storage.buckets where id = {literal(name)};"
        if name not in found:
            yield Finding(Rule.absent, f"bucket {name}", "exists", f"bucket {name} does not exist", shown)
        elif name not in access.buckets:
            yield Finding(
                Rule.unlisted, f"bucket {name}", "exists", f"bucket {name} is not listed under buckets", shown
            )
        else:
            for key, wanted in access.buckets[name].items():
                has = found[name].get(key)
                if has != wanted:
                    message = f"bucket {name} has {key} {has}; access.yaml says {wanted}"
                    yield Finding(Rule.bucket, f"bucket {name}", key, message, shown)


def _publications(conn: Connection, access: Access) -> Iterator[Finding]:
    published = rows(conn, "audit/publications", {})
    found = {(row["publication"], row["relation"]): row for row in published}
    wanted = {(publication, name) for publication, tables in access.publications.items() for name in tables}
    for publication, name in sorted({*found, *wanted}):
        where = f"publication {publication}"
        shown = f"select * from pg_publication_tables where pubname = {literal(publication)};"
        if (publication, name) not in wanted:
            yield Finding(
                Rule.publication,
                where,
                name,
                f"{publication} publishes {name}, which access.yaml does not list",
                shown,
            )
        elif (publication, name) not in found:
            yield Finding(
                Rule.publication,
                where,
                name,
                f"{publication} does not publish {name}, which access.yaml lists",
                shown,
            )
        elif not found[publication, name]["key_only"]:
            yield Finding(
                Rule.publication,
                where,
                f"{name} replica identity",
                f"{publication} sends more than the key of a deleted row of {name}, past every policy",
                f"select relreplident from pg_class where oid = {literal(relation(name))}::regclass;",
            )


def _rights_of_role(access: Access, row: Mapping[str, Any]) -> Iterator[Finding]:
    """What a role may do besides tables and functions, and what its requests begin with."""
    name = row["name"]
    if row["logs_in"] and name != access.api.signs_in:
        shown = "select rolname, rolcanlogin from pg_roles order by rolname;"
        yield Finding(Rule.role, name, "login", f"role {name}, which a token makes one, can log in", shown)
    if row["makes_schemas"] and name not in access.api.trusted:
        shown = "select datname, datacl from pg_database;"
        yield Finding(Rule.role, name, "create", f"role {name} may make schemas in the database", shown)
    for parameter in row["parameters"]:
        what = f"role {name} may set {parameter}, which only superusers should"
        yield Finding(Rule.role, name, f"sets {parameter}", what, "select * from pg_parameter_acl;")
    for setting in row["settings"]:
        key, value = setting.split("=", 1)
        if _decides(access, key, value):
            what = f"requests as {name} begin with a {key} of their own"  # the value may be a secret
            yield Finding(Rule.role, name, f"setting {key}", what, "select * from pg_db_role_setting;")


def _decides(access: Access, setting: str, value: str) -> bool:
    """Whether a setting decides who somebody is, what is asked, or that more is exposed than listed."""
    if setting == "pgrst.db_schemas":
        return any(access.schemas.get(schema.strip()) != "exposed" for schema in value.split(","))
    if setting == "pgrst.db_pre_request" and value == access.api.pre_request:
        return False
    return setting == access.api.claims or _DECISIVE.fullmatch(setting) is not None


def _roles(conn: Connection, access: Access) -> Iterator[Finding]:
    api = access.api
    login = [api.signs_in] if api.signs_in else []
    shown = "select rolname, rolsuper, rolbypassrls from pg_roles order by rolname;"
    for row in rows(conn, "audit/roles", {"roles": [*api.roles, *api.trusted, *login]}):
        name, becomes = row["name"], set(row["becomes"])
        if row["unrestricted"] and name not in api.trusted:
            yield Finding(Rule.role, name, "bypassrls", f"role {name} is past row-level security", shown)
        yield from _rights_of_role(access, row)
        may = {*api.roles, *api.trusted, *api.also_takes} if name in login else set()
        for other in sorted(becomes - may):
            yield Finding(Rule.role, name, f"becomes {other}", f"role {name} may become {other}", shown)
        for other in sorted({*api.roles, *api.trusted} - becomes if name in login else ()):
            yield Finding(
                Rule.role,
                name,
                f"becomes {other}",
                f"{name}, which the API signs in as, cannot become {other}",
                shown,
            )
    for row in rows(conn, "audit/rights", {"role": api.signs_in}) if login else ():
        yield Finding(
            Rule.role,
            str(api.signs_in),
            row["relation"],
            f"{api.signs_in} has rights of its own on {row['relation']}",
            shown,
        )
