"""Mutants of functions: whose rights they use, who may call them, what their bodies say."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.services.audit.mutation import bodies, expressions, scopes
from chatctl.services.audit.mutation.catalogue import Catalogue, Function
from chatctl.services.audit.mutation.edits import Edit
from chatctl.services.audit.mutation.mutant import LeftOut, Mutant, of_edits
from chatctl.sqltext.quoting import column, relation

_READABLE = ("sql", "plpgsql")


def mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """Every function that access.yaml lists, and what these, the policies, triggers and views call."""
    for function in catalogue.functions:
        if not function.owned:
            continue
        yield from _rights_flipped(catalogue, function)
        yield from _execution(catalogue, function)
        if _is_readable(function):
            yield from _rewritten(catalogue, function)


def left_out(catalogue: Catalogue) -> Iterator[LeftOut]:
    """Functions that are not there or cannot be rewritten."""
    for name in catalogue.missing:
        yield LeftOut(name, "is not there")
    found = {each.oid for each in catalogue.functions}
    for oid, name in sorted(catalogue.names.items(), key=lambda item: item[1]):
        if oid not in found:
            yield LeftOut(name, "is an extension's, or in a schema that access.yaml does not call ours")
    for function in catalogue.functions:
        if not function.owned:
            yield LeftOut(name_of(catalogue, function), "belongs to somebody else")
        elif not _is_readable(function):
            yield LeftOut(name_of(catalogue, function), f"has no body of its own text ({function.language})")


def name_of(catalogue: Catalogue, function: Function) -> str:
    """A function as access.yaml names it, or else by its signature."""
    return catalogue.names.get(function.oid, function.signature)


def replaced(function: Function, body: str) -> str:
    """The statement that gives ``function`` another body."""
    definition = function.definition or ""
    start = definition.rindex(function.body)
    return definition[:start] + body + definition[start + len(function.body) :]


def _is_readable(function: Function) -> bool:
    return function.replaceable and function.language in _READABLE and bool(function.body.strip())


def _rewritten(catalogue: Catalogue, function: Function) -> Iterator[Mutant]:
    edits = _edits(catalogue, function)
    name = name_of(catalogue, function)
    yield from of_edits(
        edits, function.body, name=name, part="", statement=lambda edited: replaced(function, edited)
    )


def _edits(catalogue: Catalogue, function: Function) -> Iterator[Edit]:
    yield from scopes.edits(function.body, catalogue, {})
    if function.language == "sql":
        yield from expressions.body_edits(function.body, procedural=False, answers=True)
        yield from bodies.answers_replaced(function.body, _surroundings(catalogue, function))
        return
    answers = bool(function.callers) and not function.trigger
    yield from expressions.body_edits(function.body, procedural=True, answers=answers)
    yield from bodies.edits(function.body, _surroundings(catalogue, function))


def _surroundings(catalogue: Catalogue, function: Function) -> bodies.Surroundings:
    given = [column(name) for name in function.uuid_parameters if bodies.speaks_of_a_user(name)]
    if function.trigger:
        # Columns that every table has which the trigger is on.
        tables = [
            catalogue.relations[name].principals for name in function.tables if name in catalogue.relations
        ]
        common = [name for name in tables[0] if all(name in each for each in tables)] if tables else []
        given = [f"new.{column(name)}" for name in common]
    return bodies.Surroundings(
        asks_who=catalogue.tells_who - {f"{function.schema}.{function.name}"},
        asks_whether=catalogue.tells_whether - {f"{function.schema}.{function.name}"},
        given=tuple(given),
        trigger=function.trigger,
        before_row=function.before_row,
    )


def _rights_flipped(catalogue: Catalogue, function: Function) -> Iterator[Mutant]:
    rights = ("invoker", "definer")
    # A trigger that was fit to run as whoever writes needs no more rights.
    if function.definer or not function.trigger:
        new = rights[not function.definer]
        change = f"security {rights[function.definer]} -> security {new}"
        made = f"alter function {_called(function)} security {new}"
        yield Mutant(
            operator="function-rights-flipped",
            object=name_of(catalogue, function),
            part="",
            change=change,
            sql=made,
        )


def _execution(catalogue: Catalogue, function: Function) -> Iterator[Mutant]:
    if function.trigger:  # only a trigger can call it
        return
    name, called = name_of(catalogue, function), _called(function)
    roles = catalogue.access.api.roles
    closed = [role for role in roles if role in function.reached_by and role not in function.callers]
    # Where every role can get at it, what was forgotten is the revoke from public.
    for role in ["public"] if closed and set(roles) <= set(function.reached_by) else closed:
        change = f"execute not granted to {role} -> granted"
        grantee = role if role == "public" else column(role)
        made = f"grant execute on function {called} to {grantee}"
        yield Mutant(operator="execute-granted", object=name, part=role, change=change, sql=made)
    for role in function.granted_to if not function.to_public else ():
        change = f"execute granted to {role} -> revoked"
        made = f"revoke execute on function {called} from {column(role)}"
        yield Mutant(operator="execute-revoked", object=name, part=role, change=change, sql=made)


def _called(function: Function) -> str:
    """A function as a statement names it."""
    types = function.signature[len(function.schema) + len(function.name) + 1 :]
    return relation(f"{function.schema}.{function.name}") + types
