"""What a command asks before it changes a database: production is refused, other writes are confirmed."""

from __future__ import annotations

import shlex
import sys

import typer

from chatctl.cli.options import Options
from chatctl.errors import ChatctlError, Invalid, NotAllowed
from chatctl.settings import Target


def refuse_production(target: Target, *, done: str) -> None:
    """Raise NotAllowed for a production target, whatever ``--yes`` says; ``done`` is a participle: seeded."""
    if target.environment == "production":
        raise NotAllowed(f"production is never {done}: {target.label}", hint="choose another target")


def confirm_write(target: Target, options: Options, *, what: str) -> None:
    """Ask before a write on a target that is not local; ``--yes`` answers.

    Raises Invalid where nobody can be asked.
    """
    if target.local or options.yes:
        return
    if not sys.stdin.isatty():
        raise Invalid(f"{what} on {target.label} needs --yes")
    if not typer.confirm(f"{what} on {target.label}?", default=False, err=True):
        raise ChatctlError("declined; nothing was changed")


def confirm_by_name(name: str, given: str | None, *, what: str) -> None:
    """Ask for ``name`` before what cannot be undone; ``given`` is the value of ``--confirm``.

    ``--yes`` is no answer. Raises Invalid for another name, and where nobody can be asked.
    """
    if given is None and sys.stdin.isatty():
        given = typer.prompt(f"{what} cannot be undone. Type {name} to go on", err=True)
    if given is None:
        raise Invalid(f"{what} needs --confirm {shlex.quote(name)}")
    if given != name:
        raise Invalid(f"{given!r} is not {name!r}, the name that {what} needs; nothing was changed")
