"""How to call a function: which argument gets each value of access.yaml, and the statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.rows import class_row

from chatctl.db.files import query
from chatctl.errors import Invalid
from chatctl.services.audit.access.expectations import Access, FunctionRules
from chatctl.services.audit.probes.context import AuditContext
from chatctl.services.audit.stage.workspace import errors_at
from chatctl.sqltext.quoting import column, procedure, relation


@dataclass(frozen=True, kw_only=True)
class Callee:
    """A function in the catalogue, see arguments.sql."""

    kind: str
    aggregate: str
    defaults: int
    variadic: bool
    nameless: bool
    names: list[str | None]
    types: list[str | None]
    outs: list[str]

    @property
    def untriable(self) -> str | None:
        """Why it cannot be called with values of access.yaml; None if it can."""
        if self.aggregate in ("o", "h"):
            return "it is an ordered-set aggregate, which needs an order of rows that access.yaml cannot give"
        if self.variadic and self.types[-1] is None:
            return "it takes any number of arguments of any type"
        return None


def find(context: AuditContext, function: FunctionRules) -> Callee | None:
    """The function in the catalogue, or None. Raises Invalid for a malformed signature."""
    name, _, types = function.signature.partition("(")
    parameters = {
        "signature": procedure(function.signature), "name": name, "types": types.removesuffix(")"),
    }  # fmt: skip
    key = f"functions.{function.signature}"
    with errors_at(context.access, key), context.conn.cursor(row_factory=class_row(Callee)) as cursor:
        return cursor.execute(query("audit/arguments"), parameters).fetchone()


def argument_positions(access: Access, function: FunctionRules, callee: Callee) -> dict[str, int]:
    """The position of the argument for each value of ``call``: by name, else the next unnamed argument.

    Raises Invalid for a value without an argument, and for an argument without a value or default.
    """
    named = {name: position for position, name in enumerate(callee.names) if name}
    free = [position for position, name in enumerate(callee.names) if name is None]
    positions: dict[str, int] = {}
    for name in function.call:
        if (position := named.get(name)) is None:
            if not free:
                raise _wrong(access, function, callee, f"gives {name}, which is not one of its arguments")
            position = free.pop(0)
        positions[name] = position
    needed = range(len(callee.names) - callee.defaults)
    # An argument by position needs all those before it.
    last = max((position for position in positions.values() if callee.names[position] is None), default=-1)
    for position in {*needed, *range(last)} - set(positions.values()):
        what = callee.names[position] or f"argument {position + 1}"
        raise _wrong(access, function, callee, f"lacks {what}")
    return positions


def _wrong(access: Access, function: FunctionRules, callee: Callee, what: str) -> Invalid:
    takes = ", ".join(f"{name or '(no name)'} {kind or 'of any type'}" for name, kind in _arguments(callee))
    return Invalid(
        f"{access.path.name}: functions.{function.signature}.call {what}; it takes {takes or 'no arguments'}"
    )


def _arguments(callee: Callee) -> list[tuple[str | None, str | None]]:
    return list(zip(callee.names, callee.types, strict=True))


def call_statement(
    function: FunctionRules, callee: Callee, positions: Mapping[str, int], types: Mapping[str, str]
) -> str:
    """The statement that calls it, with $1 and following for the values in the order of access.yaml."""
    name = relation(function.signature.split("(", maxsplit=1)[0])
    arguments = _argument_list(callee, positions, types)
    if callee.kind == "p":
        # OUT arguments of a procedure get a null.
        arguments += [f"{column(out)} => null" if out else "null" for out in callee.outs]
        return f"call {name}({', '.join(arguments)})"
    value = function.value or "result"
    if callee.kind in ("a", "w") or callee.nameless:
        over = " over ()" if callee.kind == "w" else ""
        source = f"(select {name}({', '.join(arguments)}){over} as result) as called"
        value = "result" if value == "result" else value.replace("result.", "(result).")
    else:
        source = f"{name}({', '.join(arguments)}) as result"
        if value != "result" and value.isidentifier():
            value = f"result.{column(value)}"
    return f"select array_agg(({value})::text order by ({value})::text) from {source}"


def _argument_list(callee: Callee, positions: Mapping[str, int], types: Mapping[str, str]) -> list[str]:
    """The argument list: unnamed arguments, and all of an aggregate, by position, the others by name."""
    numbers = {position: number for number, position in enumerate(positions.values(), 1)}
    types_at = {position: types[name] for name, position in positions.items()}
    arguments = []
    for position in sorted(numbers):
        last = position == len(callee.names) - 1
        rest = "variadic " if callee.variadic and last else ""
        name = callee.names[position]
        by_name = (
            name is not None
            and callee.kind not in ("a", "w")
            and not _before_nameless(callee, positions, position)
        )
        label = f"{column(name)} => " if by_name and name else ""
        arguments.append(f"{rest}{label}${numbers[position]}::{types_at[position]}")
    return arguments


def _before_nameless(callee: Callee, positions: Mapping[str, int], position: int) -> bool:
    return any(callee.names[other] is None and other > position for other in positions.values())
