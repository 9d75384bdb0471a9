"""What of the database the API can reach, by its catalogue, against what access.yaml lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import NEVER, Access, SchemaKind, Table
from chatctl.services.audit.findings.finding import Finding, Rule
from chatctl.services.audit.inventory import platform, roles
from chatctl.services.audit.inventory.privileges import Privileges, rows
from chatctl.sqltext.quoting import literal, procedure, relation


def check(conn: Connection, access: Access, held: Privileges) -> list[Finding]:
    """Everything within reach that access.yaml does not list, and everything listed that is not there.

    Supabase's own need not be listed. It comes after ``privileges.held``, which finds out what that is.
    """
    parameters = {"roles": list(access.api.roles)}
    return [
        *_schemas(conn, access, parameters),
        *_relations(conn, access, parameters),
        *_privileges(access, held),
        *_functions(conn, access, parameters, held),
        *_system(conn, parameters),
        *platform.check(conn, access),
        *roles.check(conn, access),
    ]


def _schemas(conn: Connection, access: Access, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    for row in rows(conn, "audit/schemas", parameters):
        name, entering = row["name"], row["enter"] or []
        shown = f"select nspacl from pg_namespace where nspname = {literal(name)};"
        if entering and name not in access.schemas:
            yield Finding(
                rule=Rule.unlisted,
                object=name,
                action="usage",
                message=f"schema {name} can be entered by an API role and is not listed under schemas",
                sql=shown,
            )
        surplus = [(role, "create") for role in row["make"] or []]
        if access.schemas.get(name) == "internal":
            surplus += [(role, "usage") for role in entering if role not in _entering(access, name)]
        for role, privilege in surplus:
            yield Finding(
                rule=Rule.privilege,
                object=name,
                action=f"{role} {privilege}",
                message=f"{role} holds {privilege} on schema {name}, which access.yaml does not give",
                sql=shown,
            )


def _entering(access: Access, schema: str) -> Collection[str]:
    """The roles that may enter an internal schema: every one has to, for the function before its request."""
    before = access.api.pre_request
    return access.api.roles if before and before.split(".")[0] == schema else access.api.granted


def _relations(conn: Connection, access: Access, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    listed = {table.name for table in access.tables}
    proved = {table.name for table in access.tried_tables}
    for row in rows(conn, "audit/relations", parameters):
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
                rule=Rule.unlisted,
                object=name,
                action="privileges",
                message=f"{name} is within reach of an API role and not listed under internal",
                sql=shown,
            )
            continue
        if name not in listed and not (kind == "storage" and closed and not row["has_policies"]):
            yield Finding(
                rule=Rule.unlisted,
                object=name,
                action="privileges",
                message=f"{name} is within reach of the API and not listed under tables",
                sql=shown,
            )
        if row["kind"] in "rp" and not closed:
            yield Finding(
                rule=Rule.row_security,
                object=name,
                action="enable",
                message=f"row-level security of {name} is off",
                sql=shown,
            )
        # What a listed view shows is tried, whoever it reads as.
        if row["kind"] in "vmf" and not row["invoker"] and name not in proved:
            yield Finding(
                rule=Rule.row_security,
                object=name,
                action="security_invoker",
                message=f"{name} reads as its owner, past the policies of the tables below it",
                sql=shown,
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
            rule=Rule.unlisted,
            object=name,
            action="privileges",
            message=f"{name} {opened} and is not listed under tables",
            sql=shown,
        )
    if row["open"]:
        yield Finding(
            rule=Rule.row_security,
            object=name,
            action="enable",
            message=f"row-level security of {name} is off",
            sql=shown,
        )


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
                rule=Rule.privilege,
                object=table.name,
                action=f"{role} {what}",
                message=f"{role} holds {what} on {table.name}, which access.yaml does not give"
                if surplus
                else f"{role} lacks {what} on {table.name}, which access.yaml gives",
                sql=_asked(role, table.name, privilege, column),
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
    conn: Connection, access: Access, parameters: Mapping[str, Any], held: Privileges
) -> Iterator[Finding]:
    listed = {function.signature for function in access.functions}
    for row in rows(conn, "audit/functions", parameters):
        name, kind = row["signature"], _kind(access, row["schema"], row)
        may_call = access.api.roles if name == f"{access.api.pre_request}()" else access.api.granted
        oid = f"{literal(procedure(name))}::regprocedure"
        shown = f"select proacl, proconfig, prosecdef from pg_proc where oid = {oid};"
        callers = ", ".join(row["roles"])
        if row["of_platform"]:
            if row["surplus"]:
                who = ", ".join(row["surplus"])
                yield Finding(
                    rule=Rule.privilege,
                    object=name,
                    action="execute",
                    message=f"{who} may execute {name}, which neither Supabase nor an extension gives",
                    sql=shown,
                )
            continue
        if kind not in ("exposed", "internal") and not row["in_platform"]:
            continue
        if name not in (listed if kind == "exposed" else access.internal_functions):
            where = "functions" if kind == "exposed" else "internal"
            yield Finding(
                rule=Rule.unlisted,
                object=name,
                action="execute",
                message=f"{name} can be called by {callers} and is not listed under {where}",
                sql=shown,
            )
        surplus = [role for role in row["roles"] if role not in may_call]
        if surplus or row["to_public"]:
            who = "PUBLIC" if row["to_public"] else ", ".join(surplus)
            yield Finding(
                rule=Rule.privilege,
                object=name,
                action="execute",
                message=f"{who} may execute {name}; access.yaml gives it to {', '.join(may_call)}",
                sql=shown,
            )
        if row["definer"] and not row["closed_path"]:
            yield Finding(
                rule=Rule.definer,
                object=name,
                action="search_path",
                message=f"{name} runs as its owner without `set search_path = ''`",
                sql=shown,
            )
    reached = {
        name for role, name, privilege, _ in held if privilege == "execute" and role in access.api.roles
    }
    for name in sorted((listed | set(access.internal_functions)) - reached):
        yield Finding(
            rule=Rule.absent,
            object=name,
            action="execute",
            message=f"{access.path.name} lists {name}, which does not exist or no API role can call",
            sql=f"select to_regprocedure({literal(procedure(name))});",
        )


def _system(conn: Connection, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    for row in rows(conn, "audit/system", parameters):
        name, role, privilege = row["name"], row["role"], row["privilege"]
        table, kind = ("pg_proc", "regprocedure") if "(" in name else ("pg_class", "regclass")
        yield Finding(
            rule=Rule.privilege,
            object=name,
            action=f"{role} {privilege}",
            message=f"{role} holds {privilege} on {name}, which PostgreSQL does not give",
            sql=f"select * from {table} where oid = {literal(name)}::{kind};",
        )
