"""Calling functions: every combination of arguments as every identity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from psycopg import sql

from chatctl.services.audit.access.clauses import condition, raw_sql
from chatctl.services.audit.access.expectations import FunctionRules
from chatctl.services.audit.probes import callee
from chatctl.services.audit.probes.context import UNKNOWN, AuditContext
from chatctl.services.audit.probes.inserts import describe_values
from chatctl.services.audit.probes.probe import Probe, write_targets
from chatctl.services.audit.stage.candidates import Candidate, argument_types, candidates_of

# name -> (SQL of the values, type)
Arguments = Mapping[str, tuple[str, str]]


def probes(context: AuditContext, function: FunctionRules, *, brief: bool = False) -> Iterator[Probe]:
    """The calls of ``function``; none if it does not exist, which the inventory reports."""
    target = callee.find(context, function)
    if target is None or target.untriable:
        return
    positions = callee.argument_positions(context.access, function, target)
    typed = {name: (function.call[name], target.types[position]) for name, position in positions.items()}
    types = argument_types(context.conn, context.access, typed, f"functions.{function.signature}.call")
    arguments = {name: (text, types[name]) for name, text in function.call.items()}
    statement, writes = (
        callee.call_statement(function, target, positions, types),
        write_targets(function.changes),
    )
    existing = context.access.on_existing_data
    people = {who.name: who for who in context.writers}
    tried_pairs: set[tuple[str, str]] = set()
    for each in _candidates(context, function, arguments):
        if each.identity not in people:
            continue
        identity, trusted = people[each.identity], context.trusts(people[each.identity])
        yield Probe(
            identity=identity,
            object=function.signature,
            action="call",
            subject=describe_values(arguments, each.values),
            statement=statement,
            args=each.values,
            allowed=each.allowed,
            privilege="execute",
            fetches=target.kind != "p",
            rows=each.rows,
            refused=function.refused,
            trusted=trusted,
            changes=writes,
            private=existing,
            # On existing data only a sample of the rows before the call is copied.
            holds=None if existing or trusted else _holds(function, arguments, each),
        )
        if not (each.allowed or trusted or function.oracle or brief):
            yield from _pairs(
                context, function, arguments, call=each, statement=statement, tried_pairs=tried_pairs
            )


def _candidates(context: AuditContext, function: FunctionRules, arguments: Arguments) -> list[Candidate]:
    rows: sql.Composable = sql.SQL("null::text[]")
    if function.rows:
        rows = sql.SQL(
            "array(select expected.value::text from ({}) as expected (value) order by 1)"
        ).format(raw_sql(function.rows))  # fmt: skip
    key = f"functions.{function.signature}"
    return candidates_of(
        context.conn,
        context.access,
        arguments=arguments,
        allow=function.allow,
        unless=function.unless,
        rows=rows,
        key=key,
    )


def _holds(function: FunctionRules, arguments: Arguments, call: Candidate) -> str | None:
    """The query that checks ``holds`` after an allowed call."""
    if function.holds is None or not call.allowed:
        return None
    fields = [
        sql.SQL("{}::{} as {}").format(sql.Literal(value), raw_sql(type_name), sql.Identifier(name))
        for value, (name, (_, type_name)) in zip(call.values, arguments.items(), strict=True)
    ]
    query = sql.SQL(
        "select {} from chatctl_audit.identities me cross join (select {}) as this where me.position = $1"
    ).format(condition(function.holds), sql.SQL(", ").join(fields))
    return query.as_string(None)


def _pairs(
    context: AuditContext, function: FunctionRules, arguments: Arguments, *, call: Candidate, statement: str,
    tried_pairs: set[tuple[str, str]],
) -> Iterator[Probe]:  # fmt: skip
    """A refused call about a hidden row, and one about no row: both must get the same answer."""
    identity = next(each for each in context.writers if each.name == call.identity)
    for position, (name, (_, type_name)) in enumerate(arguments.items()):
        is_hidden = type_name == "uuid" and context.hidden(identity, call.values[position])
        if not is_hidden or (identity.name, name) in tried_pairs:
            continue
        tried_pairs.add((identity.name, name))
        for value in (call.values[position], UNKNOWN):
            values = (*call.values[:position], value, *call.values[position + 1 :])
            yield Probe(
                identity=identity,
                object=function.signature,
                action=f"oracle {name}",
                subject=describe_values(arguments, values),
                statement=statement,
                args=values,
                allowed=False,
                privilege="execute",
                fetches=statement.startswith("select"),
                refused=function.refused,
                pair=f"{function.signature} {name} {identity.name}",
            )
