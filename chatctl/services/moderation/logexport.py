"""Files of the moderation log, against which a later log is verified."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Invalid
from chatctl.services.moderation.chain import ChainBreak
from chatctl.services.moderation.log import every_entry


def write(conn: Connection, file: Path) -> tuple[int, str]:
    """Write all rows to ``file`` as NDJSON; the number of rows and the last hash.

    The file appears when it is complete.
    """
    rows, last_hash = 0, ""
    with tempfile.NamedTemporaryFile(
        "w", dir=file.absolute().parent, prefix=f".{file.name}.", encoding="utf-8", delete=False
    ) as unfinished:
        try:
            for entry in every_entry(conn):
                unfinished.write(json.dumps(entry, default=_text, ensure_ascii=True) + "\n")
                rows, last_hash = rows + 1, entry["hash"]
            unfinished.flush()
            os.fsync(unfinished.fileno())
            Path(unfinished.name).replace(file)
        except BaseException:
            Path(unfinished.name).unlink(missing_ok=True)
            raise
    return rows, last_hash


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def read(file: Path) -> dict[int, str]:
    """The ids and hashes of an exported log.

    Raises Invalid if ``file`` is not one, or if its chain is broken.
    """
    hashes: dict[int, str] = {}
    last_hash = ""
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    entry = json.loads(line)
                    row_id, previous, row_hash = int(entry["id"]), entry["previous_hash"], str(entry["hash"])
                except (ValueError, TypeError, KeyError):
                    raise Invalid(f"{file}, line {number} is not a row of `chatctl log export`") from None
                if previous != last_hash:
                    raise Invalid(f"{file}, line {number}: row {row_id} does not follow the line before it")
                hashes[row_id] = last_hash = row_hash
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Invalid(f"{file} cannot be read: {reason}") from None
    return hashes


def compared(conn: Connection, exported: dict[int, str], known: list[ChainBreak]) -> list[ChainBreak]:
    """``known``, and the exported rows that the log has no more, or has with another hash."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query("moderation/log_chain"))
        hashes = {row["id"]: row["hash"] for row in rows if row["id"] in exported}
    named = {each.id for each in known}
    different = [
        ChainBreak(
            row_id,
            "missing" if row_id not in hashes else "changed",
            "the export has this row" if row_id not in hashes else "it is not the row that was exported",
        )
        for row_id, row_hash in exported.items()
        if row_id not in named and hashes.get(row_id) != row_hash
    ]
    return sorted([*known, *different], key=lambda each: each.id)
