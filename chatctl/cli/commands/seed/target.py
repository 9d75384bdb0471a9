"""The connection to the database to seed, and to its API if it has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatctl.cli.apiclient import api_client, api_place
from chatctl.cli.guards import confirm_write, refuse_production
from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.cli.session import Session, session
from chatctl.db.pooler import refuse_transaction_pooler
from chatctl.errors import Invalid

if TYPE_CHECKING:
    from supabase import Client


@dataclass(frozen=True)
class SeedSession(Session):
    """A session, with an API client if the target has ``api_url`` and ``secret_key``."""

    api: Client | None


@contextmanager
def seed_session(options: Options, *, done: str, watched: bool = False) -> Iterator[SeedSession]:
    """``session``, but refuses production and transaction poolers."""
    target = options.settings.target
    refuse_production(target, done=done)
    if target.db_url is not None:
        # Concurrent seeds wait for each other with a session-level lock.
        refuse_transaction_pooler(target.db_url)
    with session(options, watched=watched) as opened, api_client(target) as api:
        yield SeedSession(opened.conn, opened.target, opened.url, api)


def api_alone(options: Options) -> bool:
    """Whether the target has ``api_url`` and ``secret_key``, but no database."""
    target = options.settings.target
    return target.api_alone and target.secret_key is not None


def require_api(options: Options) -> None:
    """Raise Invalid if the target has no API that can create users."""
    if not api_place(options.settings.target):
        raise Invalid("--users api requires a target with api_url and secret_key")


@contextmanager
def api_session(options: Options, *, what: str) -> Iterator[Client]:
    """An API client for a target without a database, after the user has confirmed the write."""
    target = options.settings.target
    refuse_production(target, done="seeded")
    note(f"target: {target.label}", options)
    confirm_write(target, options, what=what)
    with api_client(target) as api:
        assert api  # noqa: S101 - api_alone has checked it
        yield api
