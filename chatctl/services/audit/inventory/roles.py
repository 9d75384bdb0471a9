"""The roles of the API: what they may do besides reading and writing, and which roles they may become."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import Finding, Rule
from chatctl.services.audit.inventory.privileges import rows

# PostgREST reads its configuration from pgrst.…, and makes the settings of a role for every request as it.
_DECISIVE = re.compile(
    r"row_security|session_replication_role|role|session_authorization|request\..+"
    r"|pgrst\.(?:db_anon_role|db_pre_request|db_plan_enabled|jwt_.+|role_claim_key)"
)


def check(conn: Connection, access: Access) -> Iterator[Finding]:
    """Each attribute, membership and setting of a role that impersonation does not show."""
    api = access.api
    login = [api.signs_in] if api.signs_in else []
    shown = "select rolname, rolsuper, rolbypassrls from pg_roles order by rolname;"
    for row in rows(conn, "audit/roles", {"roles": [*api.roles, *api.trusted, *login]}):
        name, becomes = row["name"], set(row["becomes"])
        if row["unrestricted"] and name not in api.trusted:
            yield Finding(
                rule=Rule.role,
                object=name,
                action="bypassrls",
                message=f"role {name} is past row-level security",
                sql=shown,
            )
        yield from _rights_of_role(access, row)
        may = {*api.roles, *api.trusted, *api.also_takes} if name in login else set()
        for other in sorted(becomes - may):
            yield Finding(
                rule=Rule.role,
                object=name,
                action=f"becomes {other}",
                message=f"role {name} may become {other}",
                sql=shown,
            )
        for other in sorted({*api.roles, *api.trusted} - becomes if name in login else ()):
            yield Finding(
                rule=Rule.role,
                object=name,
                action=f"becomes {other}",
                message=f"{name}, which the API signs in as, cannot become {other}",
                sql=shown,
            )
    for row in rows(conn, "audit/rights", {"role": api.signs_in}) if login else ():
        yield Finding(
            rule=Rule.role,
            object=str(api.signs_in),
            action=row["relation"],
            message=f"{api.signs_in} has rights of its own on {row['relation']}",
            sql=shown,
        )


def _rights_of_role(access: Access, row: Mapping[str, Any]) -> Iterator[Finding]:
    """What a role may do besides tables and functions, and what its requests begin with."""
    name = row["name"]
    if row["logs_in"] and name != access.api.signs_in:
        shown = "select rolname, rolcanlogin from pg_roles order by rolname;"
        yield Finding(
            rule=Rule.role,
            object=name,
            action="login",
            message=f"role {name}, which a token makes one, can log in",
            sql=shown,
        )
    if row["makes_schemas"] and name not in access.api.trusted:
        shown = "select datname, datacl from pg_database;"
        yield Finding(
            rule=Rule.role,
            object=name,
            action="create",
            message=f"role {name} may make schemas in the database",
            sql=shown,
        )
    for parameter in row["parameters"]:
        what = f"role {name} may set {parameter}, which only superusers should"
        yield Finding(
            rule=Rule.role,
            object=name,
            action=f"sets {parameter}",
            message=what,
            sql="select * from pg_parameter_acl;",
        )
    for setting in row["settings"]:
        key, value = setting.split("=", 1)
        if _decides(access, key, value):
            what = f"requests as {name} begin with a {key} of their own"  # the value may be a secret
            yield Finding(
                rule=Rule.role,
                object=name,
                action=f"setting {key}",
                message=what,
                sql="select * from pg_db_role_setting;",
            )


def _decides(access: Access, setting: str, value: str) -> bool:
    """Whether a setting decides who somebody is, what is asked, or that more is exposed than listed."""
    if setting == "pgrst.db_schemas":
        return any(access.schemas.get(schema.strip()) != "exposed" for schema in value.split(","))
    if setting == "pgrst.db_pre_request" and value == access.api.pre_request:
        return False
    return setting == access.api.claims or _DECISIVE.fullmatch(setting) is not None
