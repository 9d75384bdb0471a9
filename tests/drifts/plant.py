"""One change by hand, and what must be found of it."""

from __future__ import annotations

from dataclasses import dataclass

from chatctl.data import data_directory


@dataclass(frozen=True)
class Plant:
    """``sql`` makes the difference ``found`` (state, kind, name) and no other; ``undo`` takes it back.

    ``admin``: only the superuser can.
    """

    name: str
    sql: str
    undo: str
    found: tuple[str, str, str]
    admin: bool = False


def ours(path: str) -> str:
    """The text of a file of sql/."""
    return (data_directory("sql") / path).read_text()
