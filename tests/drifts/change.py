"""A manual change, and the difference that must be found."""

from __future__ import annotations

from dataclasses import dataclass

from chatctl.data import data_directory


@dataclass(frozen=True)
class ManualChange:
    """``sql`` causes the difference ``difference`` (state, kind, name) and no other; ``undo`` reverts it.

    ``admin``: only the superuser can run it.
    """

    name: str
    sql: str
    undo: str
    difference: tuple[str, str, str]
    admin: bool = False


def sql_file(path: str) -> str:
    """The text of a file of sql/."""
    return (data_directory("sql") / path).read_text()
