"""What was tried, what must come of it and what came, in words that are the same in every run."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping

from chatctl.services.audit.probes.probe import Probe
from chatctl.services.audit.trials.outcome import RAN, Outcome

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LISTED = 10  # so many values are named in a message
_LONGEST = 80  # characters of a name
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?")
_NUMBER = r"\d+(?:[.,]\d+)?"
_PART = rf"""{_NUMBER}\s?(?:
    microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|months?|years?
  | usecs?|msecs?|secs?|mins?|hrs?|us|µs|ms|s|h
)\b"""
# A length of time: in words, such as "1 hour, 2 minutes and 3.4 seconds", or as PostgreSQL and ISO 8601 write
# one. With a word before it that makes it a limit, such as "per 60 seconds", it is the same in every run.
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


def came(probe: Probe, outcome: Outcome) -> str:
    """What came of ``probe``, in words; uuids stand in it as they came."""
    if outcome.slow:
        return outcome.message or ""
    if outcome.state != RAN:
        refusal = outcome.state == "42501" or outcome.state.startswith("PT")
        message = masked(probe, outcome.message or "")
        return f"{'refused' if refusal else 'failed'} with {outcome.state} ({message})"
    wrong = ", and what must hold afterwards does not" if outcome.holds is False else ""
    what, rows = ("brought", len(outcome.brought)) if probe.fetches else ("changed", outcome.changed)
    got = f"{what} {_rows(rows)}{wrong}"
    if surplus_writes := sorted(outcome.wrote - (probe.changes or frozenset())):
        got += f", with {', '.join(surplus_writes)}, which it may not"
    if probe.rows is not None and (probe.action == "select" or probe.privilege == "execute"):
        surplus = [*map(str, Counter(outcome.brought) - Counter(probe.rows))]
        lacking = [*map(str, Counter(probe.rows) - Counter(outcome.brought))]
        got += f"; too many: {_listed(surplus, probe)}" if surplus else ""
        got += f"; too few: {_listed(lacking, probe)}" if lacking else ""
    return got


def _listed(values: list[str], probe: Probe) -> str:
    if probe.private:
        return f"{_rows(len(values))} of people's own"
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    shown = sorted((masked(probe, value) for value in values), key=lambda value: UUID.sub("", value))
    return ", ".join(shown[:_LISTED]) + more


def expected(probe: Probe) -> str:
    """What access.yaml says must come of ``probe``, in words."""
    if not probe.allowed:
        return "a refusal"
    if probe.rows is None and probe.count is None:
        return "success"
    return _rows(len(probe.rows) if probe.rows is not None else probe.count or 0)


def expectation(probe: Probe) -> str:
    """As ``expected``, with the values of what comes back."""
    told = probe.allowed and probe.rows and (probe.action == "select" or probe.privilege == "execute")
    return f"{expected(probe)} ({_listed([*map(str, probe.rows or ())], probe)})" if told else expected(probe)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def named(text: str, names: Mapping[str, str], probe: Probe) -> str:
    """``text`` with the fixture's names for uuids; one that the server made is masked, since it changes."""

    def known(match: re.Match[str]) -> str:
        value = match.group()
        return names.get(value, value if _sends(probe, value) else "a new uuid")

    return UUID.sub(known, text)


def masked(probe: Probe, text: str) -> str:
    """What the database said to ``probe`` without what the clock makes of it: times, and lengths of time."""

    def masks(mask: str) -> Callable[[re.Match[str]], str]:
        return lambda match: match.group() if _sends(probe, match.group()) else mask

    def duration(match: re.Match[str]) -> str:
        return match.group() if match["limit"] else masks("a duration")(match)

    text = _TIME.sub(masks("a time"), _FIELD.sub(_field, text))
    return _DURATION.sub(duration, text)


def shortened(text: str) -> str:
    """``text`` as a name: the beginning of a long one, and what tells it from others that begin so."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… {hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _field(match: re.Match[str]) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", match[2]).lower().replace("-", "_").split("_")
    named_so = match.group()[: match.start("value") - match.start()]
    if words[-1] in _MOMENTS:
        return f"{named_so}a time"
    timed = words[-1] in _UNITS or _LENGTHS.intersection(words)
    return f"{named_so}a duration" if timed and not _LIMITS.intersection(words) else match.group()


def _sends(probe: Probe, value: str) -> bool:
    return value in probe.statement or any(arg and value in arg for arg in probe.args)
