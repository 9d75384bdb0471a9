"""Deliberate holes; the audit must find each of them at the right object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from psycopg import IsolationLevel

from chatctl.db.connection import Connection, connection
from chatctl.local.postgres.cluster import SUPERUSER
from chatctl.local.postgres.server import OWNER, Server
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.formats import ReportFormat, render
from chatctl.services.audit.run import audit
from tests.holes import HOLES, Hole
from tests.holes.hole import LEAST

pytestmark = pytest.mark.slow


@pytest.fixture
def pg_version() -> int:
    """One version is enough: differences between versions show up in complete audits; these take a minute."""
    return 18


@pytest.fixture(scope="session")
def access() -> Access:
    """access.yaml without its moments, which would take the same time once more."""
    return replace(load(default_file()), moments=())


@pytest.mark.parametrize("hole", HOLES, ids=[hole.name for hole in HOLES])
def test_a_hole_is_found_at_its_object(server: Server, access: Access, hole: Hole) -> None:
    with rolled_back(server, SUPERUSER if hole.as_superuser else OWNER) as conn:
        conn.execute(hole.sql.encode())
        report = audit(conn, access, only=hole.only)
    identities = {finding.id: set(finding.identities) for finding in report.findings}
    assert set(hole.findings) <= set(identities)
    assert set(hole.doubts) <= {f"{doubt.object}:{doubt.action}" for doubt in report.invalid}
    people = [identities[each] for each in hole.findings if identities[each]]
    assert all(set(hole.identities) <= named for named in people)
    assert bool(people) >= bool(hole.identities)


def test_a_secret_in_the_settings_of_a_role_is_found_and_masked(server: Server, access: Access) -> None:
    with rolled_back(server, SUPERUSER) as conn:
        conn.execute("alter role authenticator set pgrst.jwt_secret = 'open sesame'")
        report = audit(conn, access, only=LEAST)
    assert "role:authenticator:setting pgrst.jwt_secret" in {finding.id for finding in report.findings}
    assert not any("sesame" in render(report, each) for each in ReportFormat)


@pytest.mark.parametrize("role", ["authenticator", "all"])
def test_an_undeclared_pre_request_function_of_postgrest_is_found(
    server: Server, access: Access, role: str
) -> None:
    without_declaration = replace(access, api=replace(access.api, pre_request=None))
    with rolled_back(server, SUPERUSER) as conn:
        conn.execute(f"alter role {role} set pgrst.db_pre_request = 'chat_hooks.before_request'".encode())
        if_declared, if_undeclared = (
            {finding.id for finding in audit(conn, each, only=LEAST).findings}
            for each in (access, without_declaration)
        )
    assert if_declared == set()
    assert if_undeclared == {
        "role:authenticator:setting pgrst.db_pre_request",
        "privilege:chat_hooks:anon usage",
        "privilege:chat_hooks.before_request():execute",
    }


def test_the_holes_are_many_and_of_many_kinds() -> None:
    assert len(HOLES) >= 75
    assert len({hole.kind for hole in HOLES}) >= 18
    assert len({hole.name for hole in HOLES}) == len(HOLES)
    assert all(hole.findings or hole.doubts for hole in HOLES)


@contextmanager
def rolled_back(server: Server, role: str) -> Iterator[Connection]:
    """The template database of the clones, in a transaction in which the audit can run."""
    with connection(server.url_for(role, "backend")) as conn:
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        with conn.transaction(force_rollback=True):
            yield conn
