"""The messages from the load generator to chatctl, one line of stdout each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Locust and scenarios print to the same stdout.
_PREFIX = "chatctl loadtest: "


@dataclass(frozen=True)
class Progress:
    """The number of requests sent so far, and planned."""

    sent: int
    planned: int


@dataclass(frozen=True)
class SeriesReport:
    """The requests of one name: encoded histograms, and the number of errors by label."""

    response: str
    service: str
    errors: Mapping[str, int]


@dataclass(frozen=True)
class RunReport:
    """The measurements of one process, see ``Measured``; ``lag`` is an encoded histogram.

    ``failure`` is why the run was aborted.
    """

    planned: int
    sent: int
    on_time: int
    unanswered: int
    lag: str
    series: Mapping[str, SeriesReport]
    failure: str | None = None


def encode(message: Progress | RunReport) -> str:
    """``message`` as a line."""
    kind = "progress" if isinstance(message, Progress) else "report"
    return _PREFIX + json.dumps({kind: asdict(message)})


def decode(line: str) -> Progress | RunReport | None:
    """The message in ``line``; None for other output, and for a truncated line."""
    if not line.startswith(_PREFIX):
        return None
    try:
        message: dict[str, dict[str, Any]] = json.loads(line.removeprefix(_PREFIX))
    except json.JSONDecodeError:
        return None
    if "progress" in message:
        return Progress(**message["progress"])
    fields = message["report"]
    series = {name: SeriesReport(**each) for name, each in fields.pop("series").items()}
    return RunReport(**fields, series=series)
