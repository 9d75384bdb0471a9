"""Everything that a database holds, for comparing what it was before and after."""

from __future__ import annotations

from collections.abc import Collection

from tests.support.world import World

# The log, and what belongs to it.
LOG = (
    "private.moderation_log", "private.moderation_log_head", "private.log_pseudonyms", "private.undo_states",
)  # fmt: skip


def dump(world: World, *, without: Collection[str] = LOG) -> dict[str, object]:
    """The rows of every table, as text; tables by name with their schema."""
    tables = [
        row[0]
        for row in world.operator.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema') order by 1"
        )
    ]
    return {
        table: world.fact(f"select array_agg(t::text order by t::text) from {table} t")
        for table in tables
        if table not in without
    }
