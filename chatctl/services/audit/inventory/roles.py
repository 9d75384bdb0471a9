"""The roles of the API: attributes, settings and memberships, compared with access.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.inventory.privileges import rows

# PostgREST is configured by pgrst.… settings, and applies the settings of a role to its requests.
_DECISIVE = re.compile(
    r"row_security|session_replication_role|role|session_authorization|request\..+"
    r"|pgrst\.(?:db_anon_role|db_pre_request|db_plan_enabled|jwt_.+|role_claim_key)"
)


def check(conn: Connection, access: Access) -> Iterator[AuditFinding]:
    """Each attribute, membership and setting of a role that impersonation does not show."""
    api = access.api
    login_roles = [api.signs_in] if api.signs_in else []
    sql_to_show = "select rolname, rolsuper, rolbypassrls from pg_roles order by rolname;"
    for row in rows(conn, "audit/roles", {"roles": [*api.roles, *api.trusted, *login_roles]}):
        name, memberships = row["name"], set(row["becomes"])
        if row["unrestricted"] and name not in api.trusted:
            yield AuditFinding(
                rule=AuditRule.role,
                object=name,
                action="bypassrls",
                message=f"role {name} bypasses row-level security",
                sql=sql_to_show,
            )
        yield from _attributes_and_settings(access, row)
        allowed = {*api.roles, *api.trusted, *api.also_takes} if name in login_roles else set()
        for other in sorted(memberships - allowed):
            yield AuditFinding(
                rule=AuditRule.role,
                object=name,
                action=f"becomes {other}",
                message=f"role {name} may become {other}",
                sql=sql_to_show,
            )
        for other in sorted({*api.roles, *api.trusted} - memberships if name in login_roles else ()):
            yield AuditFinding(
                rule=AuditRule.role,
                object=name,
                action=f"becomes {other}",
                message=f"{name}, which the API signs in as, cannot become {other}",
                sql=sql_to_show,
            )
    for row in rows(conn, "audit/rights", {"role": api.signs_in}) if login_roles else ():
        yield AuditFinding(
            rule=AuditRule.role,
            object=str(api.signs_in),
            action=row["relation"],
            message=f"{api.signs_in} has privileges of its own on {row['relation']}",
            sql=sql_to_show,
        )


def _attributes_and_settings(access: Access, row: Mapping[str, Any]) -> Iterator[AuditFinding]:
    """Findings about login, CREATE and parameters of a role, and the settings its requests start with."""
    name = row["name"]
    if row["logs_in"] and name != access.api.signs_in:
        sql_to_show = "select rolname, rolcanlogin from pg_roles order by rolname;"
        yield AuditFinding(
            rule=AuditRule.role,
            object=name,
            action="login",
            message=f"role {name}, which a token can select, can log in",
            sql=sql_to_show,
        )
    if row["makes_schemas"] and name not in access.api.trusted:
        sql_to_show = "select datname, datacl from pg_database;"
        yield AuditFinding(
            rule=AuditRule.role,
            object=name,
            action="create",
            message=f"role {name} may create schemas in the database",
            sql=sql_to_show,
        )
    for parameter in row["parameters"]:
        message = f"role {name} may set {parameter}, which only superusers should"
        yield AuditFinding(
            rule=AuditRule.role,
            object=name,
            action=f"sets {parameter}",
            message=message,
            sql="select * from pg_parameter_acl;",
        )
    for setting in row["settings"]:
        key, value = setting.split("=", 1)
        if _is_security_setting(access, key, value):
            # Without the value, which may be a secret.
            message = f"requests as {name} start with a setting of {key}"
            yield AuditFinding(
                rule=AuditRule.role,
                object=name,
                action=f"setting {key}",
                message=message,
                sql="select * from pg_db_role_setting;",
            )


def _is_security_setting(access: Access, setting: str, value: str) -> bool:
    """Whether a setting affects who the caller is, which rules apply, or which schemas are exposed."""
    if setting == "pgrst.db_schemas":
        return any(access.schemas.get(schema.strip()) != "exposed" for schema in value.split(","))
    if setting == "pgrst.db_pre_request" and value == access.api.pre_request:
        return False
    return setting == access.api.claims or _DECISIVE.fullmatch(setting) is not None
