"""docs/commands: the tables of options, generated from the commands.

``python -m tests.support.command_pages`` updates the tables; the text around them is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import typer.main

from chatctl.cli.app import COMMANDS, app

PAGES = Path(__file__).parents[2] / "docs" / "commands"
# Explained in README.md of the folder, except for -o, whose formats depend on the command.
SHARED = ("db_url", "target", "quiet", "yes", "debug", "help")

HEAD = "| option | what it does |\n|---|---|\n"
_TABLE = re.compile(rf"{re.escape(HEAD)}(?:\|.*\n)*")


def commands(page: str) -> Iterator[tuple[str, Any]]:
    """The commands of ``page`` by their path: ``migrate``, ``migrate status``, …"""
    root = typer.main.get_group(app)
    if page == "README":
        yield "", root
        return
    command = root.get_command(typer.Context(root), page)
    yield page, command
    for verb, each in getattr(command, "commands", {}).items():
        yield f"{page} {verb}", each


def options(command: Any) -> set[str]:
    """The long options of ``command``, without hidden ones."""
    names = (name for param in _shown(command) for name in (*param.opts, *param.secondary_opts))
    return {name for name in names if name.startswith("--")}


def table(path: str, command: Any) -> str:
    """The table of arguments and options that are not shared by all commands; may be empty."""
    if path and hasattr(command, "commands") and not command.formats:
        return ""  # does nothing without a subcommand
    records = [
        param.get_help_record(_context(command))
        for param in _shown(command)
        if not path or param.name not in SHARED
    ]
    return HEAD + "".join(f"| `{_cell(names)}` | {_cell(help)} |\n" for names, help in records)


def section(text: str, path: str) -> str:
    """The section about the command ``path`` in the text of its page; empty if there is none."""
    heading = f"## chatctl {path}".rstrip()
    match = re.search(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return match[0] if match else ""


def updated(page: str) -> str:
    """The text of ``page`` with tables generated from the current commands."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    for path, command in commands(page):
        about = section(text, path)
        rows = table(path, command)
        text = text.replace(about, _TABLE.sub(lambda _: rows, about, count=1)) if about else text  # noqa: B023
    return text


def _shown(command: Any) -> list[Any]:
    return [param for param in command.get_params(_context(command)) if not getattr(param, "hidden", False)]


def _context(command: Any) -> typer.Context:
    return typer.Context(command, help_option_names=["-h", "--help"])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    for name in ("README", *COMMANDS):
        new = updated(name)
        (PAGES / f"{name}.md").write_text(new, encoding="utf-8")
