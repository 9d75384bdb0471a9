"""The indexes that a database may have beyond those of sql/migrations; see ``chatctl message index``."""

from __future__ import annotations

from chatctl.db.connection import Connection
from chatctl.db.files import query

# Each index with its statement in sql/statements, which builds it concurrently.
OPTIONAL_INDEXES = {
    "messages_search": "moderation/create_words_index",
    "messages_time": "moderation/create_time_index",
}


def present(conn: Connection) -> dict[str, bool]:
    """The optional indexes that exist, and whether each is complete."""
    return dict(
        conn.execute(query("moderation/optional_indexes"), {"names": list(OPTIONAL_INDEXES)}).fetchall()
    )
