"""Files of the moderation log, against which a later log is verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatctl.db.connection import Connection
from chatctl.errors import Invalid, NotFound
from chatctl.services.moderation.chain import ChainBreak
from chatctl.services.moderation.exports.newpaths import new_file
from chatctl.services.moderation.log import every_entry

FILE = "FILE"  # the argument that names the file, for errors


def write(conn: Connection, file: Path) -> tuple[int, str]:
    """Write all rows to ``file`` as NDJSON; the number of rows and the last hash.

    The file appears when it is complete; a pipe or a device is written as it is. Raises Invalid if a file
    exists.
    """
    rows, last_hash = 0, ""
    with new_file(file, FILE) as lines:
        for entry in every_entry(conn):
            lines.write(json.dumps(entry, default=_text, ensure_ascii=True) + "\n")
            rows, last_hash = rows + 1, entry["hash"]
    return rows, last_hash


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@dataclass(frozen=True)
class ExportedLog:
    """The rows of an exported log: a digest of their ``columns``, by id."""

    columns: Sequence[str]
    digests: Mapping[int, bytes]


def read(file: Path) -> ExportedLog:
    """The rows of an exported log.

    Raises Invalid if ``file`` is not one, or if its chain is broken.
    """
    columns: list[str] = []
    digests: dict[int, bytes] = {}
    last_hash = ""
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    entry = json.loads(line)
                    row_id, previous = int(entry["id"]), entry["previous_hash"]
                    row_hash, entry["at"] = str(entry["hash"]), datetime.fromisoformat(entry["at"])
                    columns = columns or sorted(entry)
                    digest = _digest(entry, columns)
                except (ValueError, TypeError, KeyError):
                    raise Invalid(f"{file}, line {number} is not a row of `chatctl log export`") from None
                if previous != last_hash:
                    raise Invalid(f"{file}, line {number}: row {row_id} does not follow the line before it")
                digests[row_id], last_hash = digest, row_hash
    except FileNotFoundError:
        raise NotFound(f"there is no {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Invalid(f"{file} cannot be read: {reason}") from None
    if not digests:
        raise Invalid(f"{file} contains no rows of the log, so it proves nothing")
    return ExportedLog(columns, digests)


def compared(conn: Connection, exported: ExportedLog, known: list[ChainBreak]) -> list[ChainBreak]:
    """``known``, and the exported rows that are missing from the log, or that have another value in a column.

    The values are compared, so the result does not depend on what the database computes for a hash.
    """
    named = {each.id for each in known}
    missing = set(exported.digests)
    different: list[ChainBreak] = []
    for entry in every_entry(conn):
        digest = exported.digests.get(entry["id"])
        missing.discard(entry["id"])
        if digest is not None and digest != _digest(entry, exported.columns) and entry["id"] not in named:
            different.append(ChainBreak(entry["id"], "changed", "it is not the row that was exported"))
    different += [ChainBreak(row_id, "missing", "the export has this row") for row_id in missing - named]
    return sorted([*known, *different], key=lambda each: each.id)


def _digest(entry: Mapping[str, Any], columns: Sequence[str]) -> bytes:
    """The same for a row of the log and for its line in an export, whatever the session's time zone was."""
    values = [entry[column] for column in columns]
    in_utc = [value.astimezone(UTC) if isinstance(value, datetime) else value for value in values]
    return hashlib.sha256(json.dumps(in_utc, default=_text, sort_keys=True).encode()).digest()
