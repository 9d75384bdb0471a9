"""The stage of an audit, looked at again and again while its rules are changed."""

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
from chatctl.services.audit.inventory.dependencies import Kin
from chatctl.services.audit.mutation.catalogue import read
from chatctl.services.audit.mutation.mutant import Mutant
from chatctl.services.audit.mutation.trace import traced
from chatctl.services.audit.probes import Probe, Stage, generate
from chatctl.services.audit.stage import fixture, workspace
from chatctl.services.audit.trials.attempts import try_and_recheck
from chatctl.services.audit.trials.outcome import Outcome
from chatctl.services.audit.trials.trial import Trial
from chatctl.services.audit.trials.wording import came, expectation, named
from chatctl.services.audit.verdicts.verdict import Verdict, existence_oracles, verdict

T = TypeVar("T")

# What the inventory does not look at: the conditions of policies, bodies, triggers.
_NOT_IN_INVENTORY = ("alter policy", "create or replace", "drop trigger")
# A call takes a tenth of a second. One that takes so long does not come to an end.
MOST_SECONDS = 30
TOO_LONG = f"takes longer than {MOST_SECONDS} s"
# What a function does once it is called; a grant decides whether it is.
_ONCE_CALLED = ("create or replace function", "alter function")


class Look:
    """The stage of an audit, looked at again and again.

    Left out are probes that could not tell a mutant from the original: what trusted roles do to tables, what
    is refused for want of a privilege on it and what reads one column: the inventory has every privilege.
    """

    def __init__(self, conn: Connection, access: Access) -> None:
        self.conn, self._access = conn, access
        self.unsteady: dict[str, str] = {}
        stage = Stage(conn, access, fixture.make(conn, access), privileges.held(conn, access))
        self._names, self._trial = workspace.names(conn), Trial(conn, access)
        self._known = self._reach()  # the fixture makes buckets of its own
        tried = try_and_recheck(lambda: generate(replace(stage)), self._trial)
        for probe, outcome in tried:
            found = verdict(access, probe, outcome)
            if found is Verdict.time_dependent:
                self._note(probe, f"{access.path.name} says something else in the end: {outcome.later}")
            elif found is not Verdict.passed:
                raise Inconclusive(
                    f"the audit is not clean without a mutant: {found} of {probe.object}, {probe.tried}",
                    hint="run `chatctl audit-rls` first",
                )
        told_by = [probe for probe, outcome in tried if outcome.later is None and _tells(probe, outcome)]
        self._load(told_by)
        self.probes = len(told_by)
        self._kin = Kin(conn)
        self._trace = traced(conn, read(conn, access), self.batch)

    def _load(self, probes: Sequence[Probe]) -> None:
        self.batch = self._trial.load(probes)
        self._about = {
            number: probe.object for probe, number in zip(self.batch.probes, self.batch.numbers, strict=True)
        }

    def changed(self) -> dict[int, Outcome]:
        """The probes, by their place, that say something else now without any mutant, and what came."""
        tried = list(zip(self.batch.probes, self.batch.run(), strict=True))
        wrong = {n for n, each in enumerate(tried) if verdict(self._access, *each) is not Verdict.passed}
        return {n: tried[n][1] for n in sorted(wrong | existence_oracles(tried).keys())}

    def leave_out(self, changed: Mapping[int, Outcome]) -> set[str]:
        """Look without these probes from now on; their cells, as ``object:action``."""
        if not changed:
            return set()
        for n, outcome in changed.items():
            probe = self.batch.probes[n]
            self._note(probe, f"at first {expectation(probe)}, in the end it {came(probe, outcome)}")
        cells = {f"{(probe := self.batch.probes[n]).object}:{probe.tried}" for n in changed}
        self._load([probe for n, probe in enumerate(self.batch.probes) if n not in changed])
        return cells

    def _note(self, probe: Probe, what: str) -> None:
        cell = f"{probe.object}:{probe.tried}"
        sentence = f"{probe.object}: {probe.tried} as {probe.identity.name} of {probe.subject}: {what}"
        self.unsteady.setdefault(cell, named(sentence, self._names, probe))

    def site(self, name: str) -> str:
        """The object that is tried nearest to the one called ``name``: what hides behind it stays hidden."""
        tried = set(self._about.values())
        return next((each for each in [name, *self._kin.users_of(name)] if each in tried), name)

    def near(self, mutant: Mutant) -> str | None:
        """The id of the first finding at what ``mutant`` changes, or at what asks it first."""
        around = {mutant.object, self.site(mutant.object)}
        return self._first([mutant], [number for number, about in self._about.items() if about in around])

    def far(self, group: Sequence[Mutant]) -> str | None:
        """The id of the first finding anywhere, looking at what ``group`` changes and its kin first."""
        order = [each for mutant in group for each in (mutant.object, *self._kin.users_of(mutant.object))]
        near = {each: place for place, each in reversed(list(enumerate(order)))}
        return self._first(
            group, sorted(self._changed(group), key=lambda number: near.get(self._about[number], len(order)))
        )

    def traces(self, mutant: Mutant) -> bool:
        """Whether it is known which statements it may change: those that call the function."""
        return mutant.object in self._trace and mutant.sql.lower().startswith(_ONCE_CALLED)

    def _changed(self, group: Sequence[Mutant]) -> Collection[int]:
        """The statements that ``group`` may have changed; all when it is empty."""
        if not group or not all(map(self.traces, group)):
            return self._about
        return frozenset[int]().union(*(self._trace[mutant.object] for mutant in group))

    def _first(self, group: Sequence[Mutant], statements: Iterable[int]) -> str | None:
        in_inventory = [each for each in group if not each.sql.lower().startswith(_NOT_IN_INVENTORY)]
        if (in_inventory or not group) and (found := sorted(self._reach() - self._known)):
            return found[0]
        return next((by for number in statements if (by := self._noticed(number))), None)

    def _reach(self) -> set[str]:
        held = privileges.held(self.conn, self._access)
        return {each.id for each in reachable.check(self.conn, self._access, held)}

    def _noticed(self, statement: int) -> str | None:
        tried = list(self.batch.of(statement))
        for probe, outcome in tried:
            found = verdict(self._access, probe, outcome)
            if found is not Verdict.passed:
                return f"{found}:{probe.object}:{probe.tried}"
        return next(
            (f"oracle:{tried[n][0].object}:{tried[n][0].tried}" for n in existence_oracles(tried)), None
        )


def _tells(probe: Probe, outcome: Outcome) -> bool:
    if (probe.trusted and probe.privilege != "execute") or probe.action.startswith("select "):
        return False
    schema, name = map(re.escape, probe.object.partition("(")[0].split(".", 1))
    # What is missing on something else, inside a function, may be there with somebody else's rights.
    own = rf"permission denied for (?:schema {schema}|[a-z ]+ {name})"
    return not (outcome.state == "42501" and re.fullmatch(own, outcome.message or ""))


def undone_in_time(look: Look, judged: Callable[[], T], too_long: T) -> T:
    """What ``judged`` says, whatever it made being undone; ``too_long`` when it does not come to an end."""
    # Twice: a client that was stopped in the middle of an answer has let it time out, too.
    for _ in range(2):
        with suppress(psycopg.errors.QueryCanceled), look.conn.transaction(force_rollback=True):
            limit = f"{MOST_SECONDS}s"
            look.conn.execute("select set_config('statement_timeout', %s, true)", (limit,))
            return judged()
    return too_long
