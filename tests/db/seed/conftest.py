"""Variations of a seed: the role, how triggers are disabled, whether indexes are rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from chatctl.db.connection import Connection
from chatctl.local.postgres.server import Server
from chatctl.services.seed import indexes
from chatctl.services.seed.loading import load
from tests.support.loads import EVERYTHING, WORLD, run
from tests.support.rights import no_replica
from tests.support.seeded import copied
from tests.support.world import Database

_numbers = count(1)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect() as conn:
        yield conn


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect("supabase_admin") as conn:
        yield conn


@pytest.fixture(params=["kept", "rebuilt"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether the indexes of messages are kept, or rebuilt although there are few messages."""
    monkeypatch.setattr(indexes, "MIN_MESSAGES", {"kept": EVERYTHING, "rebuilt": 1}[request.param])
    return str(request.param)


@pytest.fixture
def rebuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "MIN_MESSAGES", 1)


@pytest.fixture(params=["replica", "owner"])
def triggers(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """How ``postgres`` may disable triggers."""
    if request.param == "owner":
        with no_replica(server):
            yield "owner"
    else:
        yield "replica"


@pytest.fixture
def fingerprint(server: Server, fingerprints: dict[Server, str]) -> str:
    """The fingerprint of a world loaded without interruption, in parts of the default size."""
    if server not in fingerprints:
        with copied(Database(server, "backend"), "undisturbed") as database, database.connect() as conn:
            fingerprints[server] = load(conn, WORLD).fingerprint or ""
    return fingerprints[server]


@pytest.fixture(scope="session")
def fingerprints() -> dict[Server, str]:
    return {}


@pytest.fixture
def role(admin: Connection) -> Iterator[Callable[..., str]]:
    """A function that creates a role with these options that owns nothing and may do what a seed needs."""
    created = []

    def make(words: str = "bypassrls") -> str:
        name = f"seeder_{next(_numbers)}"
        created.append(name)
        run(
            admin,
            f"""
            create role {name} login {words};
            grant usage on schema public, private, auth, storage to {name};
            grant select, insert, update on all tables in schema public, private, auth, storage to {name};
            grant execute on all functions in schema private to {name};
            grant set on parameter session_replication_role to {name};
            """,
        )
        return name

    yield make
    for name in created:
        run(admin, f"drop owned by {name}; drop role {name}")
