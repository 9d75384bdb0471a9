"""Mutants of functions: security definer or invoker, EXECUTE privileges, bodies."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.services.audit.mutation import bodies, expressions, scopes
from chatctl.services.audit.mutation.catalogue import Catalogue, Function
from chatctl.services.audit.mutation.edits import Edit
from chatctl.services.audit.mutation.mutant import Mutant, NotMutated, mutants_of_edits
from chatctl.sqltext.quoting import column, relation

_READABLE = ("sql", "plpgsql")


def mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """The mutants of every listed function, and of those that policies, triggers and views call."""
    for function in catalogue.functions:
        if not function.owned:
            continue
        yield from _rights_flipped(catalogue, function)
        yield from _execution(catalogue, function)
        if _is_readable(function):
            yield from _rewritten(catalogue, function)


def not_mutated(catalogue: Catalogue) -> Iterator[NotMutated]:
    """Functions that do not exist or cannot be changed."""
    for name in catalogue.missing:
        yield NotMutated(name, "does not exist")
    known = {each.oid for each in catalogue.functions}
    for oid, name in sorted(catalogue.names.items(), key=lambda item: item[1]):
        if oid not in known:
            yield NotMutated(name, "is an extension's, or in a schema that is neither exposed nor internal")
    for function in catalogue.functions:
        if not function.owned:
            yield NotMutated(name_of(catalogue, function), "belongs to another owner")
        elif not _is_readable(function):
            yield NotMutated(
                name_of(catalogue, function), f"has no SQL or PL/pgSQL body ({function.language})"
            )


def name_of(catalogue: Catalogue, function: Function) -> str:
    """A function as access.yaml names it, or else by its signature."""
    return catalogue.names.get(function.oid, function.signature)


def replace_statement(function: Function, body: str) -> str:
    """The statement that replaces the body of ``function``."""
    definition = function.definition or ""
    start = definition.rindex(function.body)
    return definition[:start] + body + definition[start + len(function.body) :]


def _is_readable(function: Function) -> bool:
    return function.replaceable and function.language in _READABLE and bool(function.body.strip())


def _rewritten(catalogue: Catalogue, function: Function) -> Iterator[Mutant]:
    edits = _edits(catalogue, function)
    name = name_of(catalogue, function)
    yield from mutants_of_edits(
        edits, function.body, name=name, part="", statement=lambda edited: replace_statement(function, edited)
    )


def _edits(catalogue: Catalogue, function: Function) -> Iterator[Edit]:
    yield from scopes.edits(function.body, catalogue, {})
    if function.language == "sql":
        yield from expressions.body_edits(function.body, procedural=False, answers=True)
        yield from bodies.caller_edits(function.body, _body_context(catalogue, function))
        return
    answers = bool(function.callers) and not function.trigger
    yield from expressions.body_edits(function.body, procedural=True, answers=answers)
    yield from bodies.edits(function.body, _body_context(catalogue, function))


def _body_context(catalogue: Catalogue, function: Function) -> bodies.BodyContext:
    request_values = [column(name) for name in function.uuid_parameters if bodies.names_a_person(name)]
    if function.trigger:
        # The user columns that all tables of the trigger have in common.
        tables = [
            catalogue.relations[name].principals for name in function.tables if name in catalogue.relations
        ]
        common = [name for name in tables[0] if all(name in each for each in tables)] if tables else []
        request_values = [f"new.{column(name)}" for name in common]
    return bodies.BodyContext(
        user_functions=catalogue.user_functions - {f"{function.schema}.{function.name}"},
        predicate_functions=catalogue.predicate_functions - {f"{function.schema}.{function.name}"},
        request_values=tuple(request_values),
        trigger=function.trigger,
        before_row=function.before_row,
    )


def _rights_flipped(catalogue: Catalogue, function: Function) -> Iterator[Mutant]:
    rights = ("invoker", "definer")
    # A trigger function that works with the caller's rights gains nothing from its owner's rights.
    if function.definer or not function.trigger:
        new = rights[not function.definer]
        change = f"security {rights[function.definer]} -> security {new}"
        statement = f"alter function {_quoted(function)} security {new}"
        yield Mutant(
            operator="function-rights-flipped",
            object=name_of(catalogue, function),
            part="",
            change=change,
            sql=statement,
        )


def _execution(catalogue: Catalogue, function: Function) -> Iterator[Mutant]:
    if function.trigger:  # trigger functions cannot be called
        return
    name, quoted_name = name_of(catalogue, function), _quoted(function)
    roles = catalogue.access.api.roles
    closed = [role for role in roles if role in function.reached_by and role not in function.callers]
    # If every role can reach it, the typical mistake is a missing revoke from public.
    for role in ["public"] if closed and set(roles) <= set(function.reached_by) else closed:
        change = f"execute not granted to {role} -> granted"
        grantee = role if role == "public" else column(role)
        statement = f"grant execute on function {quoted_name} to {grantee}"
        yield Mutant(operator="execute-granted", object=name, part=role, change=change, sql=statement)
    for role in function.granted_to if not function.to_public else ():
        change = f"execute granted to {role} -> revoked"
        statement = f"revoke execute on function {quoted_name} from {column(role)}"
        yield Mutant(operator="execute-revoked", object=name, part=role, change=change, sql=statement)


def _quoted(function: Function) -> str:
    """The function as quoted SQL."""
    types = function.signature[len(function.schema) + len(function.name) + 1 :]
    return relation(f"{function.schema}.{function.name}") + types
