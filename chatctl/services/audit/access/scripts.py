"""SQL scripts in access.yaml and its fixture: reading them, and the statements they may not contain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chatctl.errors import Invalid, unreadable
from chatctl.sqltext.commands import copy_command, session_command
from chatctl.sqltext.statements import statements

_TRANSACTION_CONTROL = "the whole script runs in one transaction, which the audit rolls back; remove it"
_NEEDS_A_CLIENT = "it needs a client that sends rows; use insert … values"


@dataclass(frozen=True)
class ForbiddenStatement:
    """A statement that scripts may not contain: its first words, its line, the reason and the way out."""

    words: str
    line: int
    reason: str


def read(path: Path) -> str:
    """The text of a file. Raises Invalid for one that cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise unreadable(str(path), error) from None
    except UnicodeDecodeError:
        raise Invalid(f"{path} cannot be read: it is not UTF-8") from None


def forbidden_statements(script: str) -> Iterator[ForbiddenStatement]:
    """The statements of ``script`` that it may not contain."""
    for statement in statements(script):
        if words := session_command(statement.text):
            yield ForbiddenStatement(words, statement.first_line, _TRANSACTION_CONTROL)
        elif words := copy_command(statement.text):
            yield ForbiddenStatement(words, statement.first_line, _NEEDS_A_CLIENT)
