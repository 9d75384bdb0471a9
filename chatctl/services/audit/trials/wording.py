"""Describing probes and outcomes, with the same text in every run."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping

from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.trials.outcome import RAN, ProbeOutcome

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LISTED = 10  # values in a message
_LONGEST = 80  # characters of a name
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?")
_NUMBER = r"\d+(?:[.,]\d+)?"
_PART = rf"""{_NUMBER}\s?(?:
    microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|months?|years?
  | usecs?|msecs?|secs?|mins?|hrs?|us|µs|ms|s|h
)\b"""
# A duration: in words, such as "1 hour, 2 minutes and 3.4 seconds", or as PostgreSQL and ISO 8601 write it.
# After a word that makes it a limit, such as "per 60 seconds", it is the same in every run.
_DURATION = re.compile(
    rf"""
    (?P<limit>\b(?:per|every|each|at\ most|at\ least|limit(?:\ of|\ is)?:?)\s+)?
    (?:
        (?<![\w.:-]){_PART}(?:(?:,\s|\sand\s|\s){_PART})*(?:\s\d+:\d\d:\d\d(?:\.\d+)?\b)?
      | (?<![\w.:-])(?:\d+[dhms]){{2,}}\b
      | (?<![\w.:])-?\d+:\d\d:\d\d(?:\.\d+)?(?![\w:])
      | \bP(?=\d|T\d)(?:{_NUMBER}[YMWD])*(?:T(?:{_NUMBER}[HMS])+)?(?!\w)
      | (?<=\b(?:again|retry)\ in\ ){_NUMBER}(?![\w.,]*\w)
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A number with a name, as in JSON and headers: "retry_after": 3658, Retry-After: 58, exp=1790000000.
_FIELD = re.compile(
    r"""(?<![\w-])("?)([A-Za-z][\w-]*+)\1\s*[:=]\s*(?P<value>("?)-?\d+(?:\.\d+)?\4)(?![\w.:])"""
)
_UNITS = {"s", "ms", "secs", "seconds", "milliseconds", "minutes", "hours"}
_LENGTHS = {"after", "in", "elapsed", "wait", "delay", "age", "ttl", "took", "duration"}
_MOMENTS = {"at", "exp", "iat", "nbf"}
_LIMITS = {"limit", "max", "min", "window", "per", "every", "interval", "timeout"}


def describe_outcome(probe: Probe, outcome: ProbeOutcome) -> str:
    """The outcome of ``probe`` in words, with uuids as they are."""
    if outcome.slow:
        return outcome.message or ""
    if outcome.state != RAN:
        refusal = outcome.state == "42501" or outcome.state.startswith("PT")
        message = mask_times(probe, outcome.message or "")
        return f"{'refused' if refusal else 'failed'} with {outcome.state} ({message})"
    wrong = ", but `holds` is not true afterwards" if outcome.holds is False else ""
    what, rows = ("returned", len(outcome.returned)) if probe.fetches else ("changed", outcome.changed)
    text = f"{what} {_rows(rows)}{wrong}"
    if surplus_writes := sorted(outcome.writes - (probe.changes or frozenset())):
        text += f", and also {', '.join(surplus_writes)}, which is not allowed"
    if probe.rows is not None and (probe.action == "select" or probe.privilege == "execute"):
        surplus = [*map(str, Counter(outcome.returned) - Counter(probe.rows))]
        missing_rows = [*map(str, Counter(probe.rows) - Counter(outcome.returned))]
        text += f"; too many: {_listed(surplus, probe)}" if surplus else ""
        text += f"; too few: {_listed(missing_rows, probe)}" if missing_rows else ""
    return text


def _listed(values: list[str], probe: Probe) -> str:
    if probe.private:
        return f"{_rows(len(values))} of people's own"
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    shown = sorted((mask_times(probe, value) for value in values), key=lambda value: UUID.sub("", value))
    return ", ".join(shown[:_LISTED]) + more


def describe_expected(probe: Probe) -> str:
    """What access.yaml expects of ``probe``, in words."""
    if not probe.allowed:
        return "a refusal"
    if probe.rows is None and probe.count is None:
        return "success"
    return _rows(len(probe.rows) if probe.rows is not None else probe.count or 0)


def describe_expectation(probe: Probe) -> str:
    """Like ``describe_expected``, with the values that are expected back."""
    has_values = probe.allowed and probe.rows and (probe.action == "select" or probe.privilege == "execute")
    return (
        f"{describe_expected(probe)} ({_listed([*map(str, probe.rows or ())], probe)})"
        if has_values
        else describe_expected(probe)
    )


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def with_names(text: str, names: Mapping[str, str], probe: Probe) -> str:
    """``text`` with the fixture's names for uuids; uuids that the server generated are masked."""

    def known(match: re.Match[str]) -> str:
        value = match.group()
        return names.get(value, value if _sends(probe, value) else "a new uuid")

    return UUID.sub(known, text)


def mask_times(probe: Probe, text: str) -> str:
    """A message of the database without times and durations, which change from run to run."""

    def masks(mask: str) -> Callable[[re.Match[str]], str]:
        return lambda match: match.group() if _sends(probe, match.group()) else mask

    def duration(match: re.Match[str]) -> str:
        return match.group() if match["limit"] else masks("a duration")(match)

    text = _TIME.sub(masks("a time"), _FIELD.sub(_field, text))
    return _DURATION.sub(duration, text)


def shortened(text: str) -> str:
    """``text`` as a name: of a long one the beginning and a hash."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… {hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _field(match: re.Match[str]) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", match[2]).lower().replace("-", "_").split("_")
    prefix = match.group()[: match.start("value") - match.start()]
    if words[-1] in _MOMENTS:
        return f"{prefix}a time"
    timed = words[-1] in _UNITS or _LENGTHS.intersection(words)
    return f"{prefix}a duration" if timed and not _LIMITS.intersection(words) else match.group()


def _sends(probe: Probe, value: str) -> bool:
    return value in probe.statement or any(arg and value in arg for arg in probe.args)
