"""Checks before a command changes a database: refuse production, confirm other writes."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace

import typer

from chatctl.cli.options import Options
from chatctl.cli.output import note
from chatctl.errors import ChatctlError, Invalid, NotAllowed
from chatctl.settings import Target


def refuse_production(target: Target, *, done: str) -> None:
    """Raise NotAllowed for a production target, even with ``--yes``; ``done`` is a participle: seeded."""
    if target.environment == "production":
        raise NotAllowed(
            f"a production database is never {done}: {target.label}", hint="choose another target"
        )


def confirm_write(target: Target, options: Options, *, what: str, details: str | None = None) -> None:
    """Ask for confirmation before a write to a target that is not local, unless ``--yes`` is given.

    ``details`` are printed before; ``-q`` hides them only if nothing is asked. Raises Invalid if stdin is not
    a terminal.
    """
    is_asked = not (target.local or options.yes)
    if details is not None:
        note(details, replace(options, quiet=options.quiet and not is_asked))
    if not is_asked:
        return
    if not sys.stdin.isatty():
        raise Invalid(f"{what} on {target.label} needs --yes")
    if not typer.confirm(f"{what} on {target.label}?", default=False, err=True):
        raise ChatctlError("declined; nothing was changed")


def require_terminal(what: str) -> None:
    """Raise Invalid unless keys can be read from a terminal, and shown on one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Invalid(f"{what} needs a terminal")


def confirm_by_name(name: str, typed: str | None, *, what: str) -> None:
    """Ask the user to type ``name`` before something irreversible; ``typed`` is the value of ``--confirm``.

    ``--yes`` does not replace it. Raises Invalid for a different name, or if stdin is not a terminal.
    """
    if typed is None and sys.stdin.isatty():
        typed = typer.prompt(f"{what} cannot be undone. Type {name} to continue", err=True)
    if typed is None:
        raise Invalid(f"{what} needs --confirm {shlex.quote(name)}")
    if typed != name:
        raise Invalid(f"{what} must be confirmed with {name!r}, not {typed!r}; nothing was changed")


def require_piped_stdin() -> None:
    """Raise Invalid if stdin is a terminal, for a command that reads ids from it."""
    if sys.stdin.isatty():
        raise Invalid("`-` reads ids from stdin, but stdin is a terminal")
