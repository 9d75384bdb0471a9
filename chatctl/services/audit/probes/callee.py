"""A function as it can be called: which argument each value of access.yaml is for, and the statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.rows import class_row

from chatctl.db.files import query
from chatctl.errors import Invalid
from chatctl.services.audit.access.expectations import Access, Function
from chatctl.services.audit.probes.context import Stage
from chatctl.services.audit.stage.workspace import reading
from chatctl.sqltext.quoting import column, procedure, relation


@dataclass(frozen=True, kw_only=True)
class Callee:
    """What the catalogue says of it, see arguments.sql."""

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
        """Why it cannot be called with values of access.yaml; None where it can."""
        if self.aggregate in ("o", "h"):
            return (
                "it is an ordered-set aggregate, which takes the order of rows that access.yaml cannot give"
            )
        if self.variadic and self.types[-1] is None:
            return "it takes any number of arguments of any type"
        return None


def find(stage: Stage, function: Function) -> Callee | None:
    """The function in the catalogue; None where it is not. Raises Invalid for what is no list of types."""
    name, _, types = function.signature.partition("(")
    words = {
        "signature": procedure(function.signature), "name": name, "types": types.removesuffix(")"),
    }  # fmt: skip
    key = f"functions.{function.signature}"
    with reading(stage.access, key), stage.conn.cursor(row_factory=class_row(Callee)) as cursor:
        return cursor.execute(query("audit/arguments"), words).fetchone()


def places(access: Access, function: Function, callee: Callee) -> dict[str, int]:
    """The argument that each value of ``call`` is for; those that no argument is called as go by position.

    Raises Invalid where there is none for one, or none of an argument that has no default.
    """
    named = {name: place for place, name in enumerate(callee.names) if name}
    free = [place for place, name in enumerate(callee.names) if name is None]
    found: dict[str, int] = {}
    for name in function.call:
        if (place := named.get(name)) is None:
            if not free:
                raise _wrong(access, function, callee, f"gives {name}, which is no argument of it")
            place = free.pop(0)
        found[name] = place
    needed = range(len(callee.names) - callee.defaults)
    # What is given by position needs all that stand before it.
    last = max((place for place in found.values() if callee.names[place] is None), default=-1)
    for place in {*needed, *range(last)} - set(found.values()):
        what = callee.names[place] or f"argument {place + 1}"
        raise _wrong(access, function, callee, f"lacks {what}")
    return found


def _wrong(access: Access, function: Function, callee: Callee, what: str) -> Invalid:
    takes = ", ".join(f"{name or '(no name)'} {kind or 'of any type'}" for name, kind in _arguments(callee))
    return Invalid(
        f"{access.path.name}: functions.{function.signature}.call {what}; it takes {takes or 'no arguments'}"
    )


def _arguments(callee: Callee) -> list[tuple[str | None, str | None]]:
    return list(zip(callee.names, callee.types, strict=True))


def statement(function: Function, callee: Callee, at: Mapping[str, int], types: Mapping[str, str]) -> str:
    """What calls it, with the values in the order of access.yaml as $1 and following."""
    name = relation(function.signature.split("(", maxsplit=1)[0])
    given = _given(callee, at, types)
    if callee.kind == "p":
        # What only brings a value is called with none.
        given += [f"{column(out)} => null" if out else "null" for out in callee.outs]
        return f"call {name}({', '.join(given)})"
    value = function.value or "result"
    if callee.kind in ("a", "w") or callee.nameless:
        over = " over ()" if callee.kind == "w" else ""
        source = f"(select {name}({', '.join(given)}){over} as result) as called"
        value = "result" if value == "result" else value.replace("result.", "(result).")
    else:
        source = f"{name}({', '.join(given)}) as result"
        if value != "result" and value.isidentifier():
            value = f"result.{column(value)}"
    return f"select array_agg(({value})::text order by ({value})::text) from {source}"


def _given(callee: Callee, at: Mapping[str, int], types: Mapping[str, str]) -> list[str]:
    """The arguments: those without a name, and all of an aggregate, by position, and then the others."""
    numbers = {place: number for number, place in enumerate(at.values(), 1)}
    kinds = {place: types[name] for name, place in at.items()}
    found = []
    for place in sorted(numbers):
        last = place == len(callee.names) - 1
        rest = "variadic " if callee.variadic and last else ""
        name = callee.names[place]
        by_name = (
            name is not None and callee.kind not in ("a", "w") and not _before_nameless(callee, at, place)
        )
        named = f"{column(name)} => " if by_name and name else ""
        found.append(f"{rest}{named}${numbers[place]}::{kinds[place]}")
    return found


def _before_nameless(callee: Callee, at: Mapping[str, int], place: int) -> bool:
    return any(callee.names[other] is None and other > place for other in at.values())
