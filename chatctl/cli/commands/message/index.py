"""``chatctl message index``: the optional indexes for ``message search``."""

from __future__ import annotations

import typer

from chatctl.cli.guards import confirm_write
from chatctl.cli.options import DOCUMENT, App, Options, options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import session
from chatctl.services.moderation import searchindex
from chatctl.services.moderation.searchindex import SearchIndexStatus

EPILOG = """\b
Examples:
  chatctl message index create     build it while people send messages; takes seconds per million messages
  chatctl message index status
  chatctl message index drop

The index lets `message search` find a text among all messages without another filter. It is optional: it
takes disk space, and every message that is sent is indexed, too. Building it needs the owner of the tables.
`create` again continues an interrupted build. `migrate drift` accepts the index.
"""

app = App(help="Manage the optional index for `message search`.", epilog=EPILOG)


@app.command(epilog=EPILOG, formats=DOCUMENT)
def create(ctx: typer.Context) -> None:
    """Build the index without blocking those who send."""
    shared = options(ctx)
    confirm_write(shared.settings.target, shared, what="building the search index")
    with session(shared) as at:
        changed = searchindex.create(at.conn, on_wait=lambda why: note(why, shared))
        found = searchindex.status(at.conn)
    _show(found, changed, shared)


@app.command(epilog=EPILOG, formats=DOCUMENT)
def drop(ctx: typer.Context) -> None:
    """Drop the index."""
    shared = options(ctx)
    confirm_write(shared.settings.target, shared, what="dropping the search index")
    with session(shared) as at:
        changed = searchindex.drop(at.conn, on_wait=lambda why: note(why, shared))
        found = searchindex.status(at.conn)
    _show(found, changed, shared)


@app.command(epilog=EPILOG, formats=DOCUMENT)
def status(ctx: typer.Context) -> None:
    """Show whether the index is absent, unfinished or ready, and its size."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        found = searchindex.status(at.conn)
    _show(found, None, shared)


def _show(found: SearchIndexStatus, changed: bool | None, shared: Options) -> None:
    import humanize  # noqa: PLC0415 - only this output needs it

    size = f", {humanize.naturalsize(found.bytes)}" if found.bytes else ""
    show_document(found, shared, text=f"search index: {found.state}{size}")
    if changed is False:
        note("nothing to do", shared)
