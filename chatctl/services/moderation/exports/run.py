"""Writing an export: the rows from one snapshot, then the files of the messages, then the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from chatctl import __version__
from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.services.moderation import transaction
from chatctl.services.moderation.exports import attachments, manifest
from chatctl.services.moderation.exports.attachments import FileList, Storage
from chatctl.services.moderation.exports.manifest import Manifest
from chatctl.services.moderation.exports.newpaths import new_directory
from chatctl.services.moderation.exports.sections import ExportSection
from chatctl.services.moderation.exports.writers import ExportFormat, ExportWriter, writer
from chatctl.services.moderation.look.reading import snapshot
from chatctl.services.moderation.names import NamedThing
from chatctl.services.moderation.operators import OperatorAct

SubjectKind = Literal["conversation", "user"]

OUT = "--out"  # the option that names the directory, for errors
_BATCH = 500  # rows in memory

_MESSAGES = "messages"
_SECTIONS: dict[str, tuple[ExportSection, ...]] = {
    "conversation": (
        ExportSection("conversation", "Conversation", "conversation"),
        ExportSection("participants", "Participants", "participants"),
        ExportSection(_MESSAGES, "Messages", "messages"),
        ExportSection("purged_messages", "Purged messages", "purged_messages"),
    ),
    "user": (
        ExportSection("profile", "Profile", "user_profile"),
        ExportSection("memberships", "Organizations", "user_memberships"),
        ExportSection("restrictions", "Restrictions", "user_restrictions"),
        ExportSection("conversations", "Conversations", "user_conversations"),
        ExportSection(_MESSAGES, "Messages", "user_messages"),
        ExportSection("reactions", "Reactions", "user_reactions"),
    ),
}


@dataclass(frozen=True)
class ExportResult:
    """What was written; ``manifest_sha256`` proves later that nothing was changed, the manifest included."""

    directory: Path
    counts: Mapping[str, int]
    not_included: int
    manifest_sha256: str


def log(
    conn: Connection,
    kind: SubjectKind,
    subject: NamedThing,
    arguments: Mapping[str, Any],
    act: OperatorAct,
    *,
    on_wait: Callable[[str], None],
) -> None:
    """Commit the row of the log that says who is about to export what, and why."""
    is_user = kind == "user"
    parameters = {
        "command": f"{kind} export",
        "user_ids": [subject.id] if is_user else [],
        "targets": [] if is_user else [f"conversation:{subject.id}"],
        "arguments": Jsonb(dict(arguments)),
        **act.parameters,
    }
    transaction.run(conn, "log_read_of_users", parameters, dry_run=False, on_wait=on_wait)


def export(
    conn: Connection,
    kind: SubjectKind,
    subject: NamedThing,
    out: Path,
    *,
    data_format: ExportFormat,
    with_deleted: bool,
    storage: Storage | None,
    on_file: Callable[[int], None],
) -> ExportResult:
    """Write a conversation, or what concerns a user, to the new directory ``out``.

    Raises Invalid if ``out`` exists.
    """
    parameters: dict[str, Any] = {f"{kind}_id": subject.id, "with_deleted": with_deleted}
    with new_directory(out, OUT) as directory, closing(FileList(directory / ".files")) as files:
        exported_at = datetime.now(UTC)
        with snapshot(conn), writer(directory, data_format, f"{kind} {subject.name}") as rows:
            counts = {
                section.name: _write(conn, section, parameters, rows, files, link=storage is not None)
                for section in _SECTIONS[kind]
            }
        included, omitted = attachments.download(files, directory, storage, on_file=on_file)
        files.close()
        counts["attachments"] = included
        sha256 = manifest.write(
            directory,
            Manifest(
                subject=kind, subject_id=str(subject.id), data_format=data_format,
                with_deleted=with_deleted, exported_at=manifest.utc(exported_at), chatctl=__version__,
                counts=counts, files=list(manifest.files_in(directory)), not_included=omitted,
            ),
        )  # fmt: skip
    return ExportResult(out, counts, len(omitted), sha256)


def _write(
    conn: Connection,
    section: ExportSection,
    parameters: Mapping[str, Any],
    rows: ExportWriter,
    files: FileList,
    *,
    link: bool,
) -> int:
    """Write the rows of a section, which a cursor of the server holds; their number.

    With ``link``, messages have the paths of their files, which will be downloaded.
    """
    with conn.cursor("export", row_factory=dict_row) as cursor:
        cursor.execute(query(f"moderation/export/{section.query}"), parameters)
        has_files = section.name == _MESSAGES
        columns = [column.name for column in cursor.description or ()]
        rows.begin(section, [*columns, "files"] if has_files else columns)
        count = 0
        for batch in _batches(cursor):
            paths = _listed(conn, batch, files) if has_files else {}
            for row in batch:
                rows.row({**row, "files": paths.get(row["id"], []) if link else []} if has_files else row)
            count += len(batch)
    return count


def _batches(cursor: Any) -> Iterator[list[dict[str, Any]]]:
    while batch := cursor.fetchmany(_BATCH):
        yield batch


def _listed(conn: Connection, batch: list[dict[str, Any]], files: FileList) -> dict[UUID, list[str]]:
    """List the files of the messages that show attachments; their paths by message."""
    ids = [row["id"] for row in batch if row["attachments"]]
    paths: dict[UUID, list[str]] = {}
    if ids:
        found: Cursor[tuple[Any, ...]] = conn.execute(query("moderation/export/files"), {"message_ids": ids})
        for message_id, bucket_id, name in found:
            paths.setdefault(message_id, []).append(files.add(message_id, bucket_id, name))
    return paths
