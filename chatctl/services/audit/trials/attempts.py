"""Trying every probe of an audit: with the fixture as created, and at each moment of access.yaml.

What is expected of a probe is computed before it runs, and computed again when all have run: a seventh of the
time of an audit. Where both agree, every probe in between was compared with what was right when it ran. Only
a condition that changes and changes back within one run is missed. Where they differ, the outcome says so in
``later``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from chatctl.errors import Invalid
from chatctl.services.audit.access.expectations import Moment
from chatctl.services.audit.probes import AuditContext, Probe, generate
from chatctl.services.audit.probes.keys import Key, cell_of, expectation_of, keys_of
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.stage import fixture, scripts
from chatctl.services.audit.trials.batch import OnProgress, no_progress
from chatctl.services.audit.trials.outcome import Tried
from chatctl.services.audit.trials.trial import Trial
from chatctl.services.audit.trials.wording import describe_expectation


def try_all(
    context: AuditContext, trial: Trial, scope: Scope, on_progress: OnProgress = no_progress
) -> list[Tried]:
    """Every probe of ``scope``, also at every moment, and its outcome."""

    def probes() -> list[Probe]:
        on_progress(f"computing what {context.access.path.name} expects")
        # A copy, because a context caches results of the database.
        return [probe for probe in generate(replace(context), scope.objects) if scope.tries(probe)]

    tried = try_and_recheck(probes, trial)
    # After all others: what the session caches between two statements dates from before the moment.
    for moment in context.access.moments:
        tried += _try_at_moment(context, trial, moment, scope)
    return tried


def try_and_recheck(probes: Callable[[], Sequence[Probe]], trial: Trial) -> list[Tried]:
    """Run the probes that ``probes`` generates, and mark those that it then generates differently."""
    first = probes()
    outcomes = trial.load(first).run()
    changed = _changed_expectations(first, probes())
    return [
        (probe, replace(outcome, later=changed[index]) if index in changed else outcome)
        for index, (probe, outcome) in enumerate(zip(first, outcomes, strict=True))
    ]


def _try_at_moment(context: AuditContext, trial: Trial, moment: Moment, scope: Scope) -> list[Tried]:
    """The probes of the moment's identities once its SQL has run; the moment is rolled back."""
    conn, access = context.conn, context.access
    later = replace(
        access, identities=tuple(each for each in access.identities if each.name in moment.identities)
    )
    with conn.transaction(force_rollback=True):
        conn.execute(
            "delete from chatctl_audit.identities where identity <> all (%s)", (list(moment.identities),)
        )
        scripts.run(
            conn, access, moment.do, where=f"{access.path.name}: moments.{moment.name}.do", failed=Invalid
        )
        contents = fixture.refresh_copies(conn, later, context.contents)

        def probes() -> list[Probe]:
            now = AuditContext(conn, later, contents, context.held)
            return [
                replace(probe, moment=moment.name)
                for probe in generate(now, scope.objects, brief=True)
                if scope.tries(probe)
            ]

        return try_and_recheck(probes, trial.branch())


def _changed_expectations(before: Sequence[Probe], after: Sequence[Probe]) -> dict[int, str]:
    """The indexes of probes in ``before`` of which ``after`` expects something else, and what that is."""
    remaining = dict(zip(keys_of(after), after, strict=True))
    changed: dict[int, str] = {}
    unmatched: dict[Key, list[int]] = defaultdict(list)
    for index, (key, probe) in enumerate(zip(keys_of(before), before, strict=True)):
        if (later := remaining.pop(key, None)) is None:
            unmatched[cell_of(probe)].append(index)
        elif expectation_of(later) != expectation_of(probe):
            changed[index] = describe_expectation(later)
    # A value that is different each time, such as a time or a uuid, gives another probe of the same cell.
    new: dict[Key, list[Probe]] = defaultdict(list)
    for probe in remaining.values():
        new[cell_of(probe)].append(probe)
    for cell, indexes in unmatched.items():
        expected = Counter(expectation_of(before[index]) for index in indexes)
        if expected != Counter(map(expectation_of, new[cell])):
            changed |= dict.fromkeys(indexes, "something else")
    return changed
