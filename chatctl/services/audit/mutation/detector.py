"""Detecting mutants: running the probes again after a change of the rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import psycopg

from chatctl.db.connection import Connection
from chatctl.errors import Inconclusive
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.inventory import privileges, reachable
from chatctl.services.audit.inventory.dependencies import Dependencies
from chatctl.services.audit.mutation.catalogue import read
from chatctl.services.audit.mutation.mutant import Mutant
from chatctl.services.audit.mutation.trace import trace_calls
from chatctl.services.audit.probes import AuditContext, Probe, generate
from chatctl.services.audit.stage import fixture, workspace
from chatctl.services.audit.trials.attempts import try_and_recheck
from chatctl.services.audit.trials.outcome import ProbeOutcome
from chatctl.services.audit.trials.trial import Trial
from chatctl.services.audit.trials.wording import describe_expectation, describe_outcome, with_names
from chatctl.services.audit.verdicts.verdict import ProbeVerdict, existence_oracles, verdict

T = TypeVar("T")

# Changes that the inventory does not see: conditions of policies, bodies, triggers.
_INVISIBLE_TO_INVENTORY = ("alter policy", "create or replace", "drop trigger")
# A call takes a tenth of a second. One that takes this long is considered endless.
MUTANT_SECONDS = 30
TOO_LONG = f"takes longer than {MUTANT_SECONDS} s"
# Changes of what a function does, as opposed to who may call it.
_FUNCTION_CHANGES = ("create or replace function", "alter function")


class Detector:
    """Runs the probes of one fixture against mutants.

    Probes that cannot detect a mutant are left out: writes of trusted roles, reads of a single column, and
    refusals for a missing privilege, which the inventory covers.
    """

    def __init__(self, conn: Connection, access: Access) -> None:
        self.conn, self._access = conn, access
        self.unstable: dict[str, str] = {}
        context = AuditContext(conn, access, fixture.make(conn, access), privileges.held(conn, access))
        self._names, self._trial = workspace.names_by_id(conn), Trial(conn, access)
        self._known_findings = self._inventory_findings()  # the fixture creates buckets
        tried = try_and_recheck(lambda: generate(replace(context)), self._trial)
        for probe, outcome in tried:
            result = verdict(access, probe, outcome)
            if result is ProbeVerdict.time_dependent:
                self._record_unstable(
                    probe, f"{access.path.name} expects something else at the end: {outcome.later}"
                )
            elif result is not ProbeVerdict.passed:
                what = f"{result} of {probe.object}, {probe.full_action}"
                raise Inconclusive(
                    f"the audit is not clean without a mutant: {what}",
                    hint="run `chatctl audit-rls` first",
                )
        informative = [
            probe for probe, outcome in tried if outcome.later is None and _is_informative(probe, outcome)
        ]
        self._load(informative)
        self.probes = len(informative)
        self._dependencies = Dependencies(conn)
        self._trace = trace_calls(conn, read(conn, access), self.batch)

    def _load(self, probes: Sequence[Probe]) -> None:
        self.batch = self._trial.load(probes)
        self._object_of = {
            number: probe.object for probe, number in zip(self.batch.probes, self.batch.numbers, strict=True)
        }

    def changed_without_mutant(self) -> dict[int, ProbeOutcome]:
        """The indexes of probes with another verdict now, without any mutant, and their outcomes."""
        tried = list(zip(self.batch.probes, self.batch.run(), strict=True))
        wrong = {n for n, each in enumerate(tried) if verdict(self._access, *each) is not ProbeVerdict.passed}
        return {n: tried[n][1] for n in sorted(wrong | existence_oracles(tried).keys())}

    def exclude(self, changed_without_mutant: Mapping[int, ProbeOutcome]) -> set[str]:
        """Leave these probes out from now on; returns their cells, as ``object:action``."""
        if not changed_without_mutant:
            return set()
        for n, outcome in changed_without_mutant.items():
            probe = self.batch.probes[n]
            self._record_unstable(
                probe,
                f"at first {describe_expectation(probe)}, in the end it {describe_outcome(probe, outcome)}",
            )
        cells = {
            f"{(probe := self.batch.probes[n]).object}:{probe.full_action}" for n in changed_without_mutant
        }
        self._load([probe for n, probe in enumerate(self.batch.probes) if n not in changed_without_mutant])
        return cells

    def _record_unstable(self, probe: Probe, what: str) -> None:
        cell = f"{probe.object}:{probe.full_action}"
        sentence = f"{probe.object}: {probe.full_action} as {probe.identity.name} of {probe.subject}: {what}"
        self.unstable.setdefault(cell, with_names(sentence, self._names, probe))

    def nearest_tried_object(self, name: str) -> str:
        """The tried object that depends most directly on ``name``, or is it."""
        tried = set(self._object_of.values())
        return next((each for each in [name, *self._dependencies.dependents_of(name)] if each in tried), name)

    def detect_near(self, mutant: Mutant) -> str | None:
        """The id of the first finding about the mutated object or the nearest tried one."""
        objects = {mutant.object, self.nearest_tried_object(mutant.object)}
        return self._first_finding(
            [mutant], [number for number, name in self._object_of.items() if name in objects]
        )

    def detect(self, group: Sequence[Mutant]) -> str | None:
        """The id of the first finding of any probe; objects near the mutants come first."""
        order = [
            each
            for mutant in group
            for each in (mutant.object, *self._dependencies.dependents_of(mutant.object))
        ]
        distances = {each: distance for distance, each in reversed(list(enumerate(order)))}
        return self._first_finding(
            group,
            sorted(
                self._affected_statements(group),
                key=lambda number: distances.get(self._object_of[number], len(order)),
            ),
        )

    def has_trace(self, mutant: Mutant) -> bool:
        """Whether the statements that it may affect are known: those that call the function."""
        return mutant.object in self._trace and mutant.sql.lower().startswith(_FUNCTION_CHANGES)

    def _affected_statements(self, group: Sequence[Mutant]) -> Collection[int]:
        """The statements that ``group`` may affect; all if it is empty."""
        if not group or not all(map(self.has_trace, group)):
            return self._object_of
        return frozenset[int]().union(*(self._trace[mutant.object] for mutant in group))

    def _first_finding(self, group: Sequence[Mutant], statements: Iterable[int]) -> str | None:
        in_inventory = [each for each in group if not each.sql.lower().startswith(_INVISIBLE_TO_INVENTORY)]
        if (in_inventory or not group) and (
            new_findings := sorted(self._inventory_findings() - self._known_findings)
        ):
            return new_findings[0]
        return next((by for number in statements if (by := self._finding_of(number))), None)

    def _inventory_findings(self) -> set[str]:
        held = privileges.held(self.conn, self._access)
        return {each.id for each in reachable.check(self.conn, self._access, held)}

    def _finding_of(self, statement: int) -> str | None:
        tried = list(self.batch.run_statement(statement))
        for probe, outcome in tried:
            result = verdict(self._access, probe, outcome)
            if result is not ProbeVerdict.passed:
                return f"{result}:{probe.object}:{probe.full_action}"
        return next(
            (f"oracle:{tried[n][0].object}:{tried[n][0].full_action}" for n in existence_oracles(tried)), None
        )


def _is_informative(probe: Probe, outcome: ProbeOutcome) -> bool:
    if (probe.trusted and probe.privilege != "execute") or probe.action.startswith("select "):
        return False
    schema, name = map(re.escape, probe.object.partition("(")[0].split(".", 1))
    # A missing privilege on another object, inside a function, may be held by another role.
    own = rf"permission denied for (?:schema {schema}|[a-z ]+ {name})"
    return not (outcome.state == "42501" and re.fullmatch(own, outcome.message or ""))


def roll_back_within_limit(detector: Detector, judge: Callable[[], T], too_long: T) -> T:
    """The result of ``judge``, rolled back; ``too_long`` if it exceeds the time limit."""
    # Twice: a client that was suspended while reading an answer may have caused the timeout.
    for _ in range(2):
        with suppress(psycopg.errors.QueryCanceled), detector.conn.transaction(force_rollback=True):
            limit = f"{MUTANT_SECONDS}s"
            detector.conn.execute("select set_config('statement_timeout', %s, true)", (limit,))
            return judge()
    return too_long
