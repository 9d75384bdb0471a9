"""The lints of sql/lints as findings of the audit."""

from __future__ import annotations

from chatctl.data import data_directory
from chatctl.db.connection import Connection
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.findings.paths import quoted
from chatctl.services.lint import accepted, filerules
from chatctl.services.lint.schema import check_schema, queries
from chatctl.sqltext.quoting import literal


def check(conn: Connection, access: Access) -> list[AuditFinding]:
    """A finding for each problem that lints/accepted.yaml next to access.yaml does not accept."""
    roles = access.api.roles
    known = [*filerules.RULES, *filerules.DATABASE_RULES, *(query.stem for query in queries())]
    entries = accepted.read(access.path.parent, known)
    remaining, _ = accepted.partition(check_schema(conn, roles), entries)
    return [
        AuditFinding(
            rule=AuditRule.lint,
            object=each.object or "",
            action=each.rule,
            message=f"{each.object}: {each.problem}; {each.remedy}",
            sql=_sql_to_show(each.rule, roles),
        )
        for each in remaining
    ]


def _sql_to_show(rule: str, roles: tuple[str, ...]) -> str:
    sql = data_directory("sql")
    return "\n".join(
        [
            "begin;",
            "set local search_path = '';",
            f"set local chatctl.api_roles = {literal(','.join(roles))};",
            f"\\i {quoted(sql / 'queries' / 'platform.sql')}",
            ";",
            f"\\i {quoted(sql / 'lints' / f'{rule}.sql')}",
            ";",
            "rollback;",
        ]
    )
