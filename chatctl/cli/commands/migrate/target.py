"""The connection of ``migrate``, which needs its own session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chatctl.cli.options import Options
from chatctl.cli.session import Session, session
from chatctl.db.pooler import refuse_transaction_pooler


@contextmanager
def migration_session(options: Options, *, creates: bool = False, watched: bool = False) -> Iterator[Session]:
    """``session``, but raises Invalid for a transaction pooler, before connecting."""
    target = options.settings.target
    if target.db_url is not None:
        refuse_transaction_pooler(target.db_url)
    with session(options, creates=creates, watched=watched) as opened:
        yield opened
