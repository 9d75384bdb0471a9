"""Every deliberate error of chatctl, and the exit code it ends the process with.

ChatctlError            1   unexpected failure, or the operator declined
├── Invalid             2   a flag, a file or an answer is wrong; nothing was changed
├── NotFound            3   the thing named does not exist
├── NotAllowed          4   not signed in, or not allowed
├── Conflict            5   held, changed meanwhile, already there, lock busy past its deadline
├── PartlyDone          6   some items failed; each failure is listed
├── Found               7   the check ran and found something
├── Unavailable         8   temporary: no connection, time-out; trying again may help
├── Inconclusive        9   the check could not judge
└── Interrupted       130   stopped by the operator
"""

from __future__ import annotations


class ChatctlError(Exception):
    """An error with a sentence for the person at the terminal.

    ``hint`` is the way out, when there is one that the sentence does not already name.
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
    """A flag, a file or an answer is wrong; nothing was changed."""

    exit_code = 2


class NotFound(ChatctlError):
    """The thing named does not exist."""

    exit_code = 3


class NotAllowed(ChatctlError):
    """Not signed in, or not allowed."""

    exit_code = 4


class Conflict(ChatctlError):
    """Held, changed meanwhile, already there, or a lock stayed busy past its deadline."""

    exit_code = 5


class PartlyDone(ChatctlError):
    """Some items failed; each failure is listed."""

    exit_code = 6


class Found(ChatctlError):
    """The check ran and found something."""

    exit_code = 7


class Unavailable(ChatctlError):
    """Temporary: no connection, time-out; trying again may help."""

    exit_code = 8


class Inconclusive(ChatctlError):
    """The check ran but could not judge."""

    exit_code = 9


class Interrupted(ChatctlError):
    """Stopped by the operator."""

    exit_code = 130
