"""What ``chatctl conversation export`` and ``user export`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.apiclient import api_place
from chatctl.cli.operating import operator_act
from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import session
from chatctl.db.connection import Connection
from chatctl.services.moderation.exports import run
from chatctl.services.moderation.exports.attachments import Storage
from chatctl.services.moderation.exports.newpaths import require_new
from chatctl.services.moderation.exports.run import ExportResult, SubjectKind
from chatctl.services.moderation.exports.writers import ExportFormat
from chatctl.services.moderation.names import NamedThing
from chatctl.settings import Target

OutOption = Annotated[
    Path,
    typer.Option(run.OUT, help="The directory to create.", metavar="DIR", show_default=False),
]
DataFormatOption = Annotated[ExportFormat, typer.Option("--format", help="The format of the files.")]

_NOTED = 100  # files between two lines on stderr


def export(
    options: Options,
    kind: SubjectKind,
    find: Callable[[Connection], NamedThing],
    *,
    out: Path,
    data_format: ExportFormat,
    with_deleted: bool,
    reason: str,
    ticket: str | None,
    actor: str | None,
) -> None:
    """Export what ``find`` returns, after the log has it."""
    act = operator_act(actor=actor, reason=reason, ticket=ticket)
    require_new(out, run.OUT)
    # The row of the log is all that is committed; a second one would do no harm.
    with session(options, watched=True) as at, _storage(at.target) as storage:
        subject = find(at.conn)
        arguments = {"format": data_format, "with_deleted": with_deleted}
        run.log(at.conn, kind, subject, arguments, act, on_wait=lambda why: note(why, options))
        result = run.export(
            at.conn, kind, subject, out,
            data_format=data_format, with_deleted=with_deleted, storage=storage,
            on_file=lambda count: None if count % _NOTED else note(f"{count:,} attachments", options),
        )  # fmt: skip
    show_document(result, options, text=_text(result))
    if result.not_included:
        note(f"{result.not_included:,} attachments are not included; the manifest says why", options)
    note(f"check it later: chatctl export verify {out}", options)


@contextmanager
def _storage(target: Target) -> Iterator[Storage | None]:
    """What downloads files; None if the target has no ``api_url`` and ``secret_key``."""
    place = api_place(target)
    if place is None:
        yield None
        return
    from chatctl.api import client, storage  # noqa: PLC0415 - the Supabase client is slow to import

    with client.session(*place) as http:
        yield lambda bucket, name: storage.download(http, bucket, name)


def _text(result: ExportResult) -> str:
    counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in result.counts.items())
    return f"{result.directory}: {counts}\nSHA-256 of the manifest: {result.manifest_sha256}"
