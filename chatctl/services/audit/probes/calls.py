"""Calling: every identity with every combination of arguments, what comes back and what is changed by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from psycopg import sql

from chatctl.services.audit.access.clauses import condition, written
from chatctl.services.audit.access.expectations import Function
from chatctl.services.audit.probes import callee
from chatctl.services.audit.probes.context import UNKNOWN, Stage
from chatctl.services.audit.probes.inserts import said
from chatctl.services.audit.probes.probe import Probe, ways
from chatctl.services.audit.stage.candidates import Candidate, candidates_of, types_of

# name -> (SQL of the values, type)
Arguments = Mapping[str, tuple[str, str]]


def probes(stage: Stage, function: Function, *, brief: bool = False) -> Iterator[Probe]:
    """The calls of ``function``; none where it does not exist, which the inventory reports."""
    target = callee.find(stage, function)
    if target is None or target.untriable:
        return
    at = callee.places(stage.access, function, target)
    typed = {name: (function.call[name], target.types[place]) for name, place in at.items()}
    types = types_of(stage.conn, stage.access, typed, f"functions.{function.signature}.call")
    arguments = {name: (text, types[name]) for name, text in function.call.items()}
    statement, may_write = callee.statement(function, target, at, types), ways(function.changes)
    existing = stage.access.on_existing_data
    people = {who.name: who for who in stage.writers}
    asked: set[tuple[str, str]] = set()
    for each in _candidates(stage, function, arguments):
        if each.identity not in people:
            continue
        identity, trusted = people[each.identity], stage.trusts(people[each.identity])
        yield Probe(
            identity=identity,
            object=function.signature,
            action="call",
            subject=said(arguments, each.values),
            statement=statement,
            args=each.values,
            allowed=each.allowed,
            privilege="execute",
            fetches=target.kind != "p",
            rows=each.rows,
            refused=function.refused,
            trusted=trusted,
            changes=may_write,
            private=existing,
            # On existing data nothing keeps what whole tables held before the call.
            holds=None if existing or trusted else _holds(function, arguments, each),
        )
        if not (each.allowed or trusted or function.oracle or brief):
            yield from _pairs(stage, function, arguments, call=each, statement=statement, asked=asked)


def _candidates(stage: Stage, function: Function, arguments: Arguments) -> list[Candidate]:
    rows: sql.Composable = sql.SQL("null::text[]")
    if function.rows:
        rows = sql.SQL(
            "array(select expected.value::text from ({}) as expected (value) order by 1)"
        ).format(written(function.rows))  # fmt: skip
    key = f"functions.{function.signature}"
    return candidates_of(
        stage.conn,
        stage.access,
        arguments=arguments,
        allow=function.allow,
        unless=function.unless,
        rows=rows,
        key=key,
    )


def _holds(function: Function, arguments: Arguments, call: Candidate) -> str | None:
    """The query whether everything is as access.yaml says after an allowed call."""
    if function.holds is None or not call.allowed:
        return None
    fields = [
        sql.SQL("{}::{} as {}").format(sql.Literal(value), written(type_name), sql.Identifier(name))
        for value, (name, (_, type_name)) in zip(call.values, arguments.items(), strict=True)
    ]
    asked = sql.SQL(
        "select {} from chatctl_audit.identities me cross join (select {}) as this where me.position = $1"
    ).format(condition(function.holds), sql.SQL(", ").join(fields))
    return asked.as_string(None)


def _pairs(
    stage: Stage, function: Function, arguments: Arguments, *, call: Candidate, statement: str,
    asked: set[tuple[str, str]],
) -> Iterator[Probe]:  # fmt: skip
    """A refused call about what is hidden, and one about what does not exist: they must look alike."""
    identity = next(each for each in stage.writers if each.name == call.identity)
    for place, (name, (_, type_name)) in enumerate(arguments.items()):
        hidden = type_name == "uuid" and stage.hidden(identity, call.values[place])
        if not hidden or (identity.name, name) in asked:
            continue
        asked.add((identity.name, name))
        for value in (call.values[place], UNKNOWN):
            given = (*call.values[:place], value, *call.values[place + 1 :])
            yield Probe(
                identity=identity,
                object=function.signature,
                action=f"oracle {name}",
                subject=said(arguments, given),
                statement=statement,
                args=given,
                allowed=False,
                privilege="execute",
                fetches=statement.startswith("select"),
                refused=function.refused,
                pair=f"{function.signature} {name} {identity.name}",
            )
