"""Which functions each statement calls: others cannot change its outcome."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from chatctl.db.connection import Connection
from chatctl.services.audit.mutation.catalogue import Catalogue, Function
from chatctl.services.audit.mutation.functions import name_of, replace_statement
from chatctl.services.audit.mutation.nesting import TokenGroup, tree
from chatctl.services.audit.trials.batch import ProbeBatch
from chatctl.sqltext.quoting import literal

# Name of a function, as in access.yaml -> numbers of the statements that call it.
Trace = Mapping[str, frozenset[int]]


def trace_calls(conn: Connection, catalogue: Catalogue, batch: ProbeBatch) -> Trace:
    """The statements of ``batch`` that call each function, for functions whose calls can be counted.

    Each function temporarily increments a sequence, which the rollback of a probe does not undo.
    """
    countable = [(each, begin) for each in catalogue.functions if (begin := _begin(each))]
    counted = {f"calls_{place}": name_of(catalogue, each) for place, (each, _) in enumerate(countable)}
    statements: dict[str, set[int]] = {name: set() for name in counted.values()}
    with conn.transaction(force_rollback=True):
        conn.execute("grant usage on schema chatctl_audit to public")
        for counter, (function, begin) in zip(counted, countable, strict=True):
            conn.execute(_counting(function, begin, counter))
        before = _calls(conn)
        for statement in dict.fromkeys(batch.numbers):
            for _ in batch.run_statement(statement):
                pass
            now = _calls(conn)
            for counter, name in counted.items():
                if now[counter] != before[counter]:
                    statements[name].add(statement)
            before = now
    return {name: frozenset(numbers) for name, numbers in statements.items()}


def _begin(function: Function) -> int | None:
    """The position after ``begin`` in the body; None if calls cannot be counted."""
    # An immutable function may be called once, at planning.
    if function.language != "plpgsql" or function.immutable or not (function.owned and function.replaceable):
        return None
    parts = tree(function.body, procedural=True).items
    block = next((each for each in parts if isinstance(each, TokenGroup) and each.opener == "begin"), None)
    return block.start + len(block.opener) if block else None


def _counting(function: Function, begin: int, counter: str) -> sql.Composed:
    name = f"chatctl_audit.{counter}"
    counts = f" perform pg_catalog.nextval({literal(name)});"
    definition = replace_statement(function, function.body[:begin] + counts + function.body[begin:])
    return sql.SQL(
        "create sequence {sequence}; grant usage on sequence {sequence} to public; {definition}"
    ).format(
        sequence=sql.Identifier("chatctl_audit", counter),
        definition=sql.SQL(definition),
    )


def _calls(conn: Connection) -> dict[str, int | None]:
    select = "select sequencename, last_value from pg_catalog.pg_sequences where schemaname = 'chatctl_audit'"
    return dict(conn.execute(select).fetchall())
