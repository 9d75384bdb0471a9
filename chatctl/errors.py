"""The errors that chatctl raises on purpose, each with its exit code.

ChatctlError            1   unexpected failure, or the user declined
├── Invalid             2   an option, a file or a response is invalid; nothing was changed
├── NotFound            3   the thing named does not exist
├── NotAllowed          4   not signed in, or not allowed
├── Conflict            5   held, changed concurrently, already exists, or a lock timed out
├── PartlyDone          6   some items failed; each failure is listed
├── Found               7   the check ran and found something
├── Unavailable         8   temporary: no connection, timeout; retrying may help
├── Inconclusive        9   the check ran but could not reach a verdict
└── Interrupted       130   stopped by the user
"""

from __future__ import annotations


class ChatctlError(Exception):
    """An error with a message for the user.

    ``hint`` says how to solve the problem, if the message does not.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        """The class name as machine-readable code, for example ``NOT_FOUND``."""
        name = type(self).__name__
        return "".join(f"_{c}" if c.isupper() and i else c.upper() for i, c in enumerate(name)).upper()


class Invalid(ChatctlError):
    """An option, a file or a response is invalid; nothing was changed."""

    exit_code = 2


class NotFound(ChatctlError):
    """The thing named does not exist."""

    exit_code = 3


class NotAllowed(ChatctlError):
    """Not signed in, or not allowed."""

    exit_code = 4


class Conflict(ChatctlError):
    """Held, changed concurrently, already exists, or a lock timed out."""

    exit_code = 5


class PartlyDone(ChatctlError):
    """Some items failed; each failure is listed."""

    exit_code = 6


class Found(ChatctlError):
    """The check ran and found something."""

    exit_code = 7


class Unavailable(ChatctlError):
    """Temporary: no connection, timeout; retrying may help."""

    exit_code = 8


class Inconclusive(ChatctlError):
    """The check ran but could not reach a verdict."""

    exit_code = 9


class Interrupted(ChatctlError):
    """Stopped by the user."""

    exit_code = 130


def unreadable(name: str, error: OSError) -> ChatctlError:
    """The error for a file or directory that cannot be read: NotFound if it does not exist, else Invalid."""
    if isinstance(error, FileNotFoundError):
        return NotFound(f"{name} does not exist")
    return Invalid(f"{name} cannot be read: {(error.strerror or str(error)).lower()}")
