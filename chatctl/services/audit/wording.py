"""What was tried, what must come of it and what came, in words that are the same in every run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.trial import Outcome

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LISTED = 10  # so many values are named in a message
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?")


def came(probe: Probe, outcome: Outcome) -> str:
    """What came of ``probe``, in words; uuids stand in it as they came."""
    if outcome.state != "00000":
        refusal = outcome.state == "42501" or outcome.state.startswith("PT")
        return f"{'refused' if refusal else 'failed'} with {outcome.state} ({outcome.message})"
    wrong = ", and what must hold afterwards does not" if outcome.holds is False else ""
    what, rows = ("brought", len(outcome.brought)) if probe.fetches else ("changed", outcome.changed)
    got = f"{what} {_rows(rows)}{wrong}"
    if surplus_writes := sorted(outcome.wrote - (probe.changes or frozenset())):
        got += f", with {', '.join(surplus_writes)}, which it may not"
    if probe.rows is not None and (probe.action == "select" or probe.privilege == "execute"):
        surplus = sorted(map(str, (Counter(outcome.brought) - Counter(probe.rows)).keys()))
        lacking = sorted(map(str, (Counter(probe.rows) - Counter(outcome.brought)).keys()))
        got += f"; too many: {_listed(surplus, probe)}" if surplus else ""
        got += f"; too few: {_listed(lacking, probe)}" if lacking else ""
    return got


def _listed(values: list[str], probe: Probe) -> str:
    if probe.private:
        return f"{_rows(len(values))} of people's own"
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    return ", ".join(values[:_LISTED]) + more


def expected(probe: Probe) -> str:
    """What access.yaml says must come of ``probe``, in words."""
    if not probe.allowed:
        return "a refusal"
    if probe.rows is None and probe.count is None:
        return "success"
    return _rows(len(probe.rows) if probe.rows is not None else probe.count or 0)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def named(text: str, names: Mapping[str, str], probe: Probe) -> str:
    """``text`` with the fixture's names for uuids; what the server made up is masked, since it changes."""

    def known(match: re.Match[str], mask: str) -> str:
        value = match.group()
        given = value in probe.statement or any(arg and value in arg for arg in probe.args)
        return names.get(value, value if given else mask)

    text = _UUID.sub(lambda match: known(match, "a new uuid"), text)
    return _TIME.sub(lambda match: known(match, "a time"), text)
