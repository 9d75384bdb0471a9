"""``chatctl migrate drift``: what the database has otherwise than sql/ says."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.options import Options, OutputFormat, options
from chatctl.cli.output import chosen_format, note, plain, show, show_document
from chatctl.cli.session import session
from chatctl.errors import Found
from chatctl.local.postgres import binaries
from chatctl.services.drift.catalogue import major
from chatctl.services.drift.compare import SchemaDifference, find, replay_version

EPILOG = """\b
Examples:
  chatctl migrate drift                             compare the embedded server with sql/
  chatctl migrate drift --target production -q      for CI: silent on stderr, exit 7 when something differs
  chatctl migrate drift -o json | jq -r '.differences[] | "\\(.state) \\(.kind) \\(.name)"'

Nothing is written. sql/ is replayed on an embedded server that goes away again, so that chatctl[local] must
be installed; what PostgreSQL, extensions and Supabase bring is left out.
"""

# What one difference may take on the screen; -o json has all of it.
_SHOWN_LINES = 40
# What objects/ has, applied again and again; the rest is what migrations made once.
_REPEATABLE = ("function", "view", "trigger", "policy", "grant", "bucket")


def drift(ctx: typer.Context, directory: DirectoryOption = None) -> None:
    """Compare the database with what sql/ makes, down to policies and grants; exit 7 when they differ."""
    shared = options(ctx)
    files = sql_directory(directory)
    binaries.check_installed()
    with session(shared, watched=True) as at:
        version = major(at.conn)
        replayed = replay_version(version)
        note(f"replaying sql/ on an embedded PostgreSQL {replayed} …", shared)
        if version != replayed:
            note(f"the target runs PostgreSQL {version}, which does not come with chatctl", shared)
        differences = find(at.conn, files)
    _show(differences, {"postgresql": version, "replayed_on": replayed}, shared)
    if differences:
        summary = f"{len(differences)} differences; - is what sql/ says, + what the database has"
        raise Found(summary, hint="\n".join(_ways_on(differences)))


def _show(differences: list[SchemaDifference], versions: dict[str, int], shared: Options) -> None:
    records = [{**plain(each), "diff": each.diff} for each in differences]
    match chosen_format(shared):
        case OutputFormat.json | OutputFormat.yaml:
            show_document({**versions, "differences": records}, shared, text="")
        case OutputFormat.table | OutputFormat.plain:
            show(records, shared, columns=("state", "kind", "name"))
            text = "\n".join(line for each in differences for line in _readable(each))
            show_document(None, shared, text=text or "no drift: the database is what sql/ says")
        case _:
            show(records, shared, columns=("state", "kind", "name", "diff"))


def _readable(difference: SchemaDifference) -> Iterator[str]:
    yield ""
    yield f"{difference.state} {difference.kind} {difference.name}"
    # Without the names of the two sides, which are the same every time, and line numbers, which nothing has.
    _, _, _, *lines = difference.diff.split("\n")
    yield from ("  …" if line.startswith("@@") else f"  {line}" for line in lines[:_SHOWN_LINES])
    if len(lines) > _SHOWN_LINES:
        yield f"  … and {len(lines) - _SHOWN_LINES} lines more, with -o json"


def _ways_on(differences: list[SchemaDifference]) -> Iterator[str]:
    if any(each.state == "missing" for each in differences):
        yield "what is missing may only be pending: see `chatctl migrate status`"
    if any(each.kind in _REPEATABLE and each.state != "extra" for each in differences):
        yield f"{', '.join(_REPEATABLE)}: apply them again with `chatctl migrate --reapply`"
    yield "else undo it in the database, or keep it: write a migration with `chatctl migrate new NAME`"
