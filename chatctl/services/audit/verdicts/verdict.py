"""What came of one probe, or of two that must look alike, against what must come."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import StrEnum

from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.trials.outcome import NOT_BEGUN, RAN, Outcome, Tried
from chatctl.services.audit.trials.wording import UUID, masked

_UNIQUE = "23505"


class Verdict(StrEnum):
    """What one probe says."""

    passed = "passed"
    leak = "leak"
    missing = "missing"
    effect = "effect"
    oracle = "oracle"
    raises = "raises"
    time_dependent = "time-dependent"
    untried = "untried"
    invalid = "invalid"


def verdict(access: Access, probe: Probe, outcome: Outcome) -> Verdict:  # noqa: PLR0911 - one return per case
    """What one probe says; a refusal counts when it is one of access.yaml's, or nothing came back."""
    ran = outcome.state == RAN
    refused = outcome.state in access.denials or outcome.state in probe.refused
    if outcome.slow:
        return Verdict.untried if outcome.state == NOT_BEGUN else Verdict.invalid
    if outcome.later is not None:
        return Verdict.time_dependent
    if probe.pair:
        return Verdict.passed  # what it says, it says beside the other
    if probe.privilege == "truncate":
        # The privilege is asked before anything else; but that it is no table (42809), which a view is not.
        return Verdict.passed if refused or outcome.state == "42809" else Verdict.leak
    if not ran and not refused:
        if probe.trusted and probe.privilege != "execute" and probe.action != "select":
            return Verdict.passed  # the control is not judged; where it fails, it is no twin either
        return Verdict.raises if probe.identity.raw and _reads(probe) else Verdict.invalid
    if not probe.allowed:
        # A call that is refused says so; a read or a write that is refused may also find no row.
        return Verdict.leak if had_effect(probe, outcome) else Verdict.passed
    if probe.trusted and not _reads(probe) and probe.privilege != "execute":
        return Verdict.passed
    if refused:
        return Verdict.passed if probe.may_refuse else Verdict.missing
    if probe.rows is not None and sorted(map(str, outcome.brought)) != sorted(map(str, probe.rows)):
        return Verdict.leak if Counter(outcome.brought) - Counter(probe.rows) else Verdict.missing
    if probe.count is not None and outcome.changed != probe.count:
        return Verdict.leak if outcome.changed > probe.count else Verdict.missing
    if probe.changes is not None and outcome.wrote - probe.changes:
        return Verdict.effect
    return Verdict.effect if probe.holds and not outcome.holds else Verdict.passed


def _reads(probe: Probe) -> bool:
    return probe.privilege == "select"


def had_effect(probe: Probe, outcome: Outcome) -> bool:
    """Whether the statement brought a row, changed one, or was called."""
    if outcome.state != RAN:
        return False
    if probe.privilege in ("execute", "truncate"):
        return True
    return bool(outcome.brought) if probe.fetches else bool(outcome.changed)


def surplus(probe: Probe, outcome: Outcome) -> Counter[str]:
    """The rows more than it may that it read, changed or brought; those that it changed have no name."""
    if probe.fetches:
        may = Counter(map(str, probe.rows or ())) if probe.allowed else Counter[str]()
        return Counter(map(str, outcome.brought)) - may
    return +Counter({"": outcome.changed - (probe.count or 0 if probe.allowed else 0)})


def got_through(access: Access, probe: Probe, outcome: Outcome) -> bool:
    """Whether it is a twin of what is refused: it did something, or only a constraint stopped it.

    The latter counts for the control on existing data, whose rows others refer to. A fixture can do better.
    """
    stopped = access.on_existing_data and probe.trusted and outcome.state.startswith("23")
    return stopped or had_effect(probe, outcome)


def existence_oracles(tried: Sequence[Tried]) -> dict[int, Tried | None]:
    """The probes whose answer tells that something exists, and what it is like where nothing does."""
    groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for place, (probe, _) in enumerate(tried):
        if probe.pair:
            groups[probe.pair, probe.moment].append(place)
    tells: dict[int, Tried | None] = {}
    for places in groups.values():
        if any(tried[place][1].slow for place in places):
            continue
        there = tried[places[0]][1]
        if len(places) == 1:
            if there.state == _UNIQUE:
                tells[places[0]] = None
        # What was let in is a leak, and is found as one.
        elif there.state != RAN and _look(*tried[places[0]]) != _look(*tried[places[1]]):
            tells[places[0]] = tried[places[1]]
    return tells


def _look(probe: Probe, outcome: Outcome) -> tuple[str, str, int]:
    # How long something still takes is another number a moment later.
    message = masked(probe, outcome.message or "")
    return outcome.state, UUID.sub("…", message), len(outcome.brought)
