"""An audit of a few tables in a database that has only the platform."""

from __future__ import annotations

from pathlib import Path

from chatctl.services.audit.access import load
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.report import AuditReport
from chatctl.services.audit.run import audit
from tests.support.world import Database

RULES = """
fixture: fixture.sql
api:
  {roles: [anon, authenticated], granted: [authenticated], trusted: [service_role], signs_in: authenticator}
schemas: {public: exposed, auth: platform, storage: storage, realtime: storage, extensions: platform}
denials: ["42501", PT403, PT404]
identities:
  anon: {role: anon, says: without signing in}
  ann: {user: ann, says: owns a row}
  ben: {user: ben, says: owns another}
  service_role: {role: service_role, says: the positive control}
"""
PEOPLE = "insert into auth.users (id) values (id('ann')), (id('ben'));\n"


def written(directory: Path, rules: str, fixture: str) -> Path:
    """Write an access.yaml with the identities ann and ben plus ``rules``, and its fixture."""
    (directory / "fixture.sql").write_text(PEOPLE + fixture)
    (directory / "access.yaml").write_text(RULES + rules)
    return directory / "access.yaml"


def rules(directory: Path, text: str, fixture: str) -> Access:
    """The parsed rules of such a file."""
    return load(written(directory, text, fixture))


def audited(database: Database, schema: str, access: Access, *only: str) -> AuditReport:
    """Create ``schema`` and audit it."""
    with database.connect() as conn:
        if schema:
            conn.execute(schema.encode())
        return audit(conn, access, only=only)
