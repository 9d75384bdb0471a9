"""What the API can reach in the database, by the catalogue, compared with what access.yaml lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import NEVER, Access, SchemaKind, TableRules
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.inventory import platform, roles
from chatctl.services.audit.inventory.privileges import Privileges, rows
from chatctl.sqltext.quoting import literal, procedure, relation


def check(conn: Connection, access: Access, held: Privileges) -> list[AuditFinding]:
    """Every object within reach that access.yaml does not list, and every listed one that is missing.

    Supabase's own objects need not be listed; ``privileges.held``, called before, marks which those are.
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


def _schemas(conn: Connection, access: Access, parameters: Mapping[str, Any]) -> Iterator[AuditFinding]:
    for row in rows(conn, "audit/schemas", parameters):
        name, with_usage = row["name"], row["enter"] or []
        sql_to_show = f"select nspacl from pg_namespace where nspname = {literal(name)};"
        if with_usage and name not in access.schemas:
            yield AuditFinding(
                rule=AuditRule.unlisted,
                object=name,
                action="usage",
                message=f"schema {name} can be entered by an API role and is not listed under schemas",
                sql=sql_to_show,
            )
        extra = [(role, "create") for role in row["make"] or []]
        if access.schemas.get(name) == "internal":
            extra += [(role, "usage") for role in with_usage if role not in _roles_with_usage(access, name)]
        for role, privilege in extra:
            yield AuditFinding(
                rule=AuditRule.privilege,
                object=name,
                action=f"{role} {privilege}",
                message=f"{role} holds {privilege} on schema {name}, which access.yaml does not grant",
                sql=sql_to_show,
            )


def _roles_with_usage(access: Access, schema: str) -> Collection[str]:
    """The roles that need USAGE on an internal schema; all of them, for the pre-request function."""
    before = access.api.pre_request
    return access.api.roles if before and before.split(".")[0] == schema else access.api.granted


def _relations(conn: Connection, access: Access, parameters: Mapping[str, Any]) -> Iterator[AuditFinding]:
    listed = {table.name for table in access.tables}
    tried = {table.name for table in access.tried_tables}
    for row in rows(conn, "audit/relations", parameters):
        name, kind = row["relation"], _kind(access, row["relation"].split(".")[0], row)
        sql_to_show = (
            f"select relacl, relrowsecurity from pg_class where oid = {literal(relation(name))}::regclass;"
        )
        if row["of_platform"]:
            yield from _of_platform(row, sql_to_show, listed={*listed, *access.internal_tables})
            continue
        has_row_security = row["kind"] in "rp" and row["row_security"]
        # A table of the platform that is listed under tables is tried as one of these.
        is_out_of_scope = kind is None or (kind == "platform" and name in listed)
        if is_out_of_scope or (kind != "exposed" and name in access.internal_tables):
            continue
        if kind in ("internal", "platform"):
            yield AuditFinding(
                rule=AuditRule.unlisted,
                object=name,
                action="privileges",
                message=f"{name} is within reach of an API role and not listed under internal",
                sql=sql_to_show,
            )
            continue
        if name not in listed and not (kind == "storage" and has_row_security and not row["has_policies"]):
            yield AuditFinding(
                rule=AuditRule.unlisted,
                object=name,
                action="privileges",
                message=f"{name} is within reach of the API and not listed under tables",
                sql=sql_to_show,
            )
        if row["kind"] in "rp" and not has_row_security:
            yield AuditFinding(
                rule=AuditRule.row_security,
                object=name,
                action="off",
                message=f"row-level security of {name} is off",
                sql=sql_to_show,
            )
        # Probes cover what a listed view returns, with whatever rights it reads.
        if row["kind"] in "vmf" and not row["invoker"] and name not in tried:
            yield AuditFinding(
                rule=AuditRule.row_security,
                object=name,
                action="security_invoker",
                message=f"{name} reads as its owner, so the policies of its tables do not apply",
                sql=sql_to_show,
            )


def _of_platform(
    row: Mapping[str, Any], sql_to_show: str, *, listed: Collection[str]
) -> Iterator[AuditFinding]:
    """Access that was added to a table of Supabase or an extension; ``listed`` tables are tried."""
    name = row["relation"]
    if name not in listed and (row["surplus"] or row["has_policies"]):
        description = (
            f"is open beyond what Supabase or its extension grants ({', '.join(row['surplus'])})"
            if row["surplus"]
            else "has a policy"
        )
        yield AuditFinding(
            rule=AuditRule.unlisted,
            object=name,
            action="privileges",
            message=f"{name} {description} and is not listed under tables",
            sql=sql_to_show,
        )
    if row["open"]:
        yield AuditFinding(
            rule=AuditRule.row_security,
            object=name,
            action="off",
            message=f"row-level security of {name} is off",
            sql=sql_to_show,
        )


def _kind(access: Access, schema: str, row: Mapping[str, Any]) -> SchemaKind | None:
    """The kind of ``schema``; Supabase's own need not be listed."""
    return access.schemas.get(schema) or ("platform" if row["in_platform"] else None)


def _privileges(access: Access, held: Privileges) -> Iterator[AuditFinding]:
    for table in access.tried_tables:
        if table.platform_privileges:
            continue
        actual = {
            (role, privilege, column)
            for role, name, privilege, column in held
            if name == table.name and role in access.api.roles
        }
        columns = {column for _, name, _, column in held if name == table.name and column}
        expected = {
            (role, privilege, column)
            for role in access.api.granted
            for privilege, column in _expected_privileges(table, columns)
        }
        for role, privilege, column in sorted(actual ^ expected, key=str):
            what = f"{privilege} ({column})" if column else privilege
            extra = (role, privilege, column) in actual
            yield AuditFinding(
                rule=AuditRule.privilege,
                object=table.name,
                action=f"{role} {what}",
                message=f"{role} holds {what} on {table.name}, which access.yaml does not grant"
                if extra
                else f"{role} lacks {what} on {table.name}, which access.yaml grants",
                sql=_sql_to_show(role, table.name, privilege, column),
            )


def _expected_privileges(table: TableRules, columns: set[str]) -> Iterator[tuple[str, str | None]]:
    if table.rows or table.select != NEVER:
        yield from (("select", column) for column in columns)
    if table.insert and table.insert.allow != NEVER:
        yield from (("insert", column) for column in table.insert.values)
    yield from (("update", column) for column in table.update)
    if table.delete.allow != NEVER:
        yield "delete", None


def _sql_to_show(role: str, name: str, privilege: str, column: str | None) -> str:
    if column:
        return (
            f"select has_column_privilege({literal(role)}, {literal(relation(name))}, {literal(column)}, "
            f"{literal(privilege)});"
        )
    return f"select has_table_privilege({literal(role)}, {literal(relation(name))}, {literal(privilege)});"


def _functions(
    conn: Connection, access: Access, parameters: Mapping[str, Any], held: Privileges
) -> Iterator[AuditFinding]:
    listed = {function.signature for function in access.functions}
    for row in rows(conn, "audit/functions", parameters):
        name, kind = row["signature"], _kind(access, row["schema"], row)
        allowed = access.api.roles if name == f"{access.api.pre_request}()" else access.api.granted
        oid = f"{literal(procedure(name))}::regprocedure"
        sql_to_show = f"select proacl, proconfig, prosecdef from pg_proc where oid = {oid};"
        callers = ", ".join(row["roles"])
        if row["of_platform"]:
            if row["surplus"]:
                grantees = ", ".join(row["surplus"])
                yield AuditFinding(
                    rule=AuditRule.privilege,
                    object=name,
                    action="execute",
                    message=f"{grantees} may execute {name}, which neither Supabase nor an extension grants",
                    sql=sql_to_show,
                )
            continue
        if kind not in ("exposed", "internal") and not row["in_platform"]:
            continue
        if name not in (listed if kind == "exposed" else access.internal_functions):
            section = "functions" if kind == "exposed" else "internal"
            yield AuditFinding(
                rule=AuditRule.unlisted,
                object=name,
                action="execute",
                message=f"{name} can be called by {callers} and is not listed under {section}",
                sql=sql_to_show,
            )
        extra = [role for role in row["roles"] if role not in allowed]
        if extra or row["to_public"]:
            grantees = "PUBLIC" if row["to_public"] else ", ".join(extra)
            yield AuditFinding(
                rule=AuditRule.privilege,
                object=name,
                action="execute",
                message=f"{grantees} may execute {name}; access.yaml grants it to {', '.join(allowed)}",
                sql=sql_to_show,
            )
        if row["definer"] and not row["closed_path"]:
            yield AuditFinding(
                rule=AuditRule.definer,
                object=name,
                action="search_path",
                message=f"{name} runs as its owner without `set search_path = ''`",
                sql=sql_to_show,
            )
    callable_signatures = {
        name for role, name, privilege, _ in held if privilege == "execute" and role in access.api.roles
    }
    for name in sorted((listed | set(access.internal_functions)) - callable_signatures):
        yield AuditFinding(
            rule=AuditRule.absent,
            object=name,
            action="execute",
            message=f"{access.path.name} lists {name}, which does not exist or no API role can call",
            sql=f"select to_regprocedure({literal(procedure(name))});",
        )


def _system(conn: Connection, parameters: Mapping[str, Any]) -> Iterator[AuditFinding]:
    for row in rows(conn, "audit/system", parameters):
        name, role, privilege = row["name"], row["role"], row["privilege"]
        table, kind = ("pg_proc", "regprocedure") if "(" in name else ("pg_class", "regclass")
        yield AuditFinding(
            rule=AuditRule.privilege,
            object=name,
            action=f"{role} {privilege}",
            message=f"{role} holds {privilege} on {name}, which PostgreSQL does not grant by default",
            sql=f"select * from {table} where oid = {literal(name)}::{kind};",
        )
