"""Comparing the outcome of a probe, or of a pair of probes, with what is expected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import StrEnum

from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.trials.outcome import RAN, SKIPPED, ProbeOutcome, Tried
from chatctl.services.audit.trials.wording import UUID, mask_times

_UNIQUE = "23505"


class ProbeVerdict(StrEnum):
    """What the outcome of one probe means."""

    passed = "passed"
    leak = "leak"
    missing = "missing"
    effect = "effect"
    oracle = "oracle"
    raises = "raises"
    time_dependent = "time-dependent"
    untried = "untried"
    invalid = "invalid"


def verdict(access: Access, probe: Probe, outcome: ProbeOutcome) -> ProbeVerdict:  # noqa: PLR0911 - one return per case
    """The verdict on one probe. SQLSTATEs of access.yaml count as refusals, and so do no rows."""
    ran = outcome.state == RAN
    refused = outcome.state in access.denials or outcome.state in probe.refused
    if outcome.slow:
        return ProbeVerdict.untried if outcome.state == SKIPPED else ProbeVerdict.invalid
    if outcome.later is not None:
        return ProbeVerdict.time_dependent
    if probe.pair:
        return ProbeVerdict.passed  # judged together with its pair, by existence_oracles
    if probe.privilege == "truncate":
        # The privilege is checked first, except that TRUNCATE of a view fails with 42809.
        return ProbeVerdict.passed if refused or outcome.state == "42809" else ProbeVerdict.leak
    if not ran and not refused:
        if probe.trusted and probe.privilege != "execute" and probe.action != "select":
            return ProbeVerdict.passed  # a failing write of a trusted role is not a finding
        return ProbeVerdict.raises if probe.identity.raw and _reads(probe) else ProbeVerdict.invalid
    if not probe.allowed:
        # A refused call raises an error; a refused read or write may also just find no row.
        return ProbeVerdict.leak if had_effect(probe, outcome) else ProbeVerdict.passed
    if probe.trusted and not _reads(probe) and probe.privilege != "execute":
        return ProbeVerdict.passed
    if refused:
        return ProbeVerdict.passed if probe.may_refuse else ProbeVerdict.missing
    if probe.rows is not None and sorted(map(str, outcome.returned)) != sorted(map(str, probe.rows)):
        return ProbeVerdict.leak if Counter(outcome.returned) - Counter(probe.rows) else ProbeVerdict.missing
    if probe.count is not None and outcome.changed != probe.count:
        return ProbeVerdict.leak if outcome.changed > probe.count else ProbeVerdict.missing
    if probe.changes is not None and outcome.writes - probe.changes:
        return ProbeVerdict.effect
    return ProbeVerdict.effect if probe.holds and not outcome.holds else ProbeVerdict.passed


def _reads(probe: Probe) -> bool:
    return probe.privilege == "select"


def had_effect(probe: Probe, outcome: ProbeOutcome) -> bool:
    """Whether the statement returned a row, changed one, or was a call that succeeded."""
    if outcome.state != RAN:
        return False
    if probe.privilege in ("execute", "truncate"):
        return True
    return bool(outcome.returned) if probe.fetches else bool(outcome.changed)


def surplus(probe: Probe, outcome: ProbeOutcome) -> Counter[str]:
    """The rows beyond those allowed that it returned or changed; changed rows have no name."""
    if probe.fetches:
        allowed_rows = Counter(map(str, probe.rows or ())) if probe.allowed else Counter[str]()
        return Counter(map(str, outcome.returned)) - allowed_rows
    return +Counter({"": outcome.changed - (probe.count or 0 if probe.allowed else 0)})


def shows_access(access: Access, probe: Probe, outcome: ProbeOutcome) -> bool:
    """Whether its success shows that refusals of the same statement mean something.

    On existing data an error of a constraint is enough for a trusted role, since other rows may refer to
    these. A fixture can avoid that.
    """
    by_constraint = access.on_existing_data and probe.trusted and outcome.state.startswith("23")
    return by_constraint or had_effect(probe, outcome)


def existence_oracles(tried: Sequence[Tried]) -> dict[int, Tried | None]:
    """The probes whose answer reveals that a row exists, each with the probe of a row that does not."""
    groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for index, (probe, _) in enumerate(tried):
        if probe.pair:
            groups[probe.pair, probe.moment].append(index)
    oracles: dict[int, Tried | None] = {}
    for indexes in groups.values():
        if any(tried[index][1].slow for index in indexes):
            continue
        existing = tried[indexes[0]][1]
        if len(indexes) == 1:
            if existing.state == _UNIQUE:
                oracles[indexes[0]] = None
        # A call or insert that succeeded is reported as a leak.
        elif existing.state != RAN and _visible_answer(*tried[indexes[0]]) != _visible_answer(
            *tried[indexes[1]]
        ):
            oracles[indexes[0]] = tried[indexes[1]]
    return oracles


def _visible_answer(probe: Probe, outcome: ProbeOutcome) -> tuple[str, str, int]:
    # Remaining durations in messages change from one moment to the next.
    message = mask_times(probe, outcome.message or "")
    return outcome.state, UUID.sub("…", message), len(outcome.returned)
