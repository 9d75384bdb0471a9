"""Mutants of views: the query, and security_invoker."""

from __future__ import annotations

from collections.abc import Iterator

from chatctl.services.audit.mutation import expressions, scopes
from chatctl.services.audit.mutation.catalogue import Catalogue, Relation
from chatctl.services.audit.mutation.mutant import Mutant, NotMutated, mutants_of_edits
from chatctl.sqltext.quoting import relation

_INVOKER = ("security_invoker=true", "security_invoker=on", "security_invoker=1", "security_invoker=yes")


def mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """The mutants of every listed view."""
    for view in catalogue.tables:
        if view.kind != "v" or not view.owned or view.definition is None:
            continue
        yield _rights_flipped(view)
        yield from _rewritten(catalogue, view, view.definition)


def not_mutated(catalogue: Catalogue) -> Iterator[NotMutated]:
    """Views whose query cannot be replaced."""
    for view in catalogue.tables:
        if view.kind in ("m", "f"):
            kind = "materialized view" if view.kind == "m" else "foreign table"
            yield NotMutated(view.relation, f"is a {kind}, whose query cannot be replaced")


def replace_statement(view: Relation, text: str) -> str:
    """The statement that replaces the query of ``view`` and keeps its options."""
    options = f" with ({', '.join(view.options)})" if view.options else ""
    return f"create or replace view {relation(view.relation)}{options} as {text}"


def _rewritten(catalogue: Catalogue, view: Relation, text: str) -> Iterator[Mutant]:
    edits = [*expressions.edits(text), *scopes.edits(text, catalogue, {})]
    yield from mutants_of_edits(
        edits, text, name=view.relation, part="", statement=lambda edited: replace_statement(view, edited)
    )


def _rights_flipped(view: Relation) -> Mutant:
    invoker = any(option in _INVOKER for option in view.options)
    statement = f"alter view {relation(view.relation)} set (security_invoker = {str(not invoker).lower()})"
    rights = ("its owner's rights", "the caller's rights")
    change = f"{rights[invoker]} -> {rights[not invoker]}"
    return Mutant(operator="view-rights-flipped", object=view.relation, part="", change=change, sql=statement)
