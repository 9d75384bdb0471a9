"""``chatctl migrate drift``: differences between a database and sql/."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.options import Options, OutputFormat, options
from chatctl.cli.output import chosen_format, note, plain, show, show_document
from chatctl.cli.session import session
from chatctl.errors import Found
from chatctl.formats.counting import counted
from chatctl.local.postgres import binaries
from chatctl.services.drift.catalogue import major
from chatctl.services.drift.compare import SchemaDifference, find, replay_version

EPILOG = """\b
Examples:
  chatctl migrate drift                             compare the embedded server with sql/
  chatctl migrate drift --target production -q      for CI: silent on stderr, exit 7 on any difference
  chatctl migrate drift -o json | jq -r '.differences[] | "\\(.state) \\(.kind) \\(.name)"'

The database is only read. sql/ is applied to a throwaway embedded server, which requires chatctl[local].
The comparison includes policies and grants; objects of PostgreSQL, extensions and Supabase are ignored.
"""

# Longer diffs are cut; -o json has all lines.
_SHOWN_LINES = 40
# The kinds defined in objects/; migrations define the others.
_REPEATABLE = ("function", "view", "trigger", "policy", "grant", "bucket")


def drift(ctx: typer.Context, directory: DirectoryOption = None) -> None:
    """Compare the database with sql/; exit 7 if they differ."""
    shared = options(ctx)
    files = sql_directory(directory)
    binaries.check_installed()
    with session(shared, watched=True) as opened:
        version = major(opened.conn)
        replayed = replay_version(version)
        note(f"applying sql/ to an embedded PostgreSQL {replayed} …", shared)
        if version != replayed:
            note(f"the target runs PostgreSQL {version}, which chatctl does not include", shared)
        differences = find(opened.conn, files)
    _show(differences, {"postgresql": version, "replayed_on": replayed}, shared)
    if differences:
        count = counted(len(differences), "difference")
        summary = f"{count}; - is the definition in sql/, + that in the database"
        raise Found(summary, hint="\n".join(_next_steps(differences)))


def _show(differences: list[SchemaDifference], versions: dict[str, int], shared: Options) -> None:
    records = [{**plain(each), "diff": each.diff} for each in differences]
    match chosen_format(shared):
        case OutputFormat.json | OutputFormat.yaml:
            show_document({**versions, "differences": records}, shared, text="")
        case OutputFormat.table | OutputFormat.plain:
            show(records, shared, columns=("state", "kind", "name"))
            text = "\n".join(line for each in differences for line in _readable(each))
            show_document(None, shared, text=text or "no drift: the database matches sql/")
        case _:
            show(records, shared, columns=("state", "kind", "name", "diff"))


def _readable(difference: SchemaDifference) -> Iterator[str]:
    yield ""
    yield f"{difference.state} {difference.kind} {difference.name}"
    # Without the header, which is always the same, and line numbers, which mean nothing here.
    _, _, _, *lines = difference.diff.split("\n")
    yield from ("  …" if line.startswith("@@") else f"  {line}" for line in lines[:_SHOWN_LINES])
    if len(lines) > _SHOWN_LINES:
        yield f"  … and {len(lines) - _SHOWN_LINES} more lines; -o json shows all"


def _next_steps(differences: list[SchemaDifference]) -> Iterator[str]:
    if any(each.state == "missing" for each in differences):
        yield "missing objects may just be pending: see `chatctl migrate status`"
    if any(each.kind in _REPEATABLE and each.state != "extra" for each in differences):
        yield f"to restore a {', '.join(_REPEATABLE[:-1])} or {_REPEATABLE[-1]}: `chatctl migrate --reapply`"
    yield "otherwise undo the change in the database, or keep it with a migration: `chatctl migrate new NAME`"
