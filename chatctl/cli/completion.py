"""Answers to a shell that completes a command line: commands, options, and names from the database.

The shell's function runs chatctl with ``VARIABLE`` set to the name of the shell and ``LINE`` to the line up
to the cursor; the answer has one candidate a line: its text, a tab, and a description.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from typer.completion import shell_completion  # type: ignore[attr-defined]  # Typer's copy of Click's module

from chatctl.cli.options import Options
from chatctl.db.connection import connection
from chatctl.services.moderation import completions
from chatctl.services.moderation.completions import Completion
from chatctl.settings import Target

VARIABLE = "_CHATCTL_COMPLETE"
LINE = "CHATCTL_COMPLETE_LINE"
PATIENCE = 0.3  # seconds that the database has to answer
FRESH = 60  # seconds for which an answer is kept
# Names are written by users: one with other characters is not offered to a shell.
_HARMLESS = re.compile(r"[\w.@+][\w .@+-]*")
_NOT_SHOWN = re.compile(r"[^\w .,@+()'-]+")

Lookup = Callable[[Any, str, str | None], list[Completion]]
_LOOKUPS: dict[str, Lookup] = {
    "USER": lambda conn, text, _: completions.users(conn, text),
    "ORGANIZATION": lambda conn, text, _: completions.organizations(conn, text),
    "CONVERSATION": lambda conn, text, organization: completions.conversations(
        conn, text, organization=organization
    ),
}


def answer(command: Any, summaries: Mapping[str, str], line: str) -> list[Completion]:
    """The candidates for the last word of ``line``, a command line without what follows the cursor.

    ``summaries`` are those of the commands of ``command``, whose modules take long to import.
    """
    words = shell_completion.split_arg_string(line)[1:]
    incomplete = "" if not words or line[-1:].isspace() else words.pop()
    # As ShellComplete.get_completions does it; an option or argument is asked by its metavar first.
    context = shell_completion._resolve_context(command, {}, "chatctl", words)
    completed, incomplete = shell_completion._resolve_incomplete(context, words, incomplete)
    if completed is command and not incomplete.startswith("-"):
        return [Completion(name, text) for name, text in summaries.items() if name.startswith(incomplete)]
    metavar = getattr(completed, "metavar", None) or (getattr(completed, "name", None) or "").upper()
    if metavar in _LOOKUPS and not isinstance(completed, typer.core.TyperCommand | typer.core.TyperGroup):
        return _names(metavar, incomplete, context)
    return [Completion(item.value, item.help or "") for item in completed.shell_complete(context, incomplete)]


def _names(metavar: str, text: str, context: Any) -> list[Completion]:
    """Names from the database of the context's target; none if it does not answer in time."""
    target = Options(**(context.obj or {})).settings.target
    organization = context.params.get("org")
    key = json.dumps([str(target.db_url), str(target.directory), metavar, text, organization])
    at = _cache() / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    known = _remembered(at)
    if known is not None:
        return known
    names = _within(PATIENCE, lambda: _read(target, _LOOKUPS[metavar], text, organization))
    if names is not None:
        with suppress(OSError):
            _remember(at, names)
    return names or []


def _read(target: Target, lookup: Lookup, text: str, organization: str | None) -> list[Completion] | None:
    """None if the embedded server is not running; it is not started for this."""
    url = target.db_url
    if url is None:
        from chatctl.local.postgres import server  # noqa: PLC0415 - only the embedded server needs it

        running = server.status(target.directory) if target.directory else None
        if running is None:
            return None
        url = running.url
    with connection(url) as conn:
        return [
            each
            for each in lookup(conn, text, organization)
            if _HARMLESS.fullmatch(each.value) and each.value == each.value.strip()
        ]


def _within(seconds: float, act: Callable[[], list[Completion] | None]) -> list[Completion] | None:
    """The result of ``act``, or None if it fails or takes longer; it does not keep the process alive."""
    results: list[list[Completion] | None] = []

    def run() -> None:
        with suppress(Exception):
            results.append(act())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return results[0] if results else None


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatctl" / "completion"


def _remembered(at: Path) -> list[Completion] | None:
    with suppress(OSError, ValueError, TypeError):
        if time.time() - at.stat().st_mtime < FRESH:
            return [Completion(*pair) for pair in json.loads(at.read_text(encoding="utf-8"))]
    return None


def _remember(at: Path, names: Sequence[Completion]) -> None:
    """Keep an answer where only its owner can read it, and delete those that are old."""
    at.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = at.parent.lstat()
    if (directory.st_mode, directory.st_uid) != (stat.S_IFDIR | 0o700, os.geteuid()):
        return  # not ours: a link, or open to others
    for other in at.parent.glob("*.json"):
        with suppress(OSError):
            if time.time() - other.lstat().st_mtime >= FRESH:
                other.unlink()
    descriptor, partial = tempfile.mkstemp(dir=at.parent, suffix=".json")  # readable by the owner alone
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump([[each.value, each.description] for each in names], file)
    Path(partial).replace(at)


def write_answer(command: Any, summaries: Mapping[str, str]) -> None:
    """Print the candidates for the line of the environment; nothing if anything fails."""
    with suppress(Exception):  # a shell that completes shows no errors
        for each in answer(command, summaries, os.environ.get(LINE, "")):
            print(f"{each.value}\t{_NOT_SHOWN.sub(' ', each.description)}".rstrip("\t "))
