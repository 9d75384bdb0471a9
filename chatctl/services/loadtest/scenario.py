"""Load-test scenarios: which there are, whom they impersonate, and one run of one of them, judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chatctl.data import data_directory
from chatctl.db.connection import Connection, connection
from chatctl.db.files import query
from chatctl.db.roles import act_as
from chatctl.errors import ChatctlError, Found, Inconclusive, NotFound
from chatctl.services.loadtest import targets as demands
from chatctl.services.loadtest.generator import measure
from chatctl.services.loadtest.measured import Measured
from chatctl.services.loadtest.messages import Progress
from chatctl.services.loadtest.plan import LoadPlan

_AUTHENTICATOR = "authenticator"

Verdict = Literal["passed", "missed", "unjudged"]


@dataclass(frozen=True)
class Load:
    """How much load: ``rate`` requests per second from all ``users`` together, for ``duration`` seconds."""

    users: int = 20
    rate: float = 40.0
    duration: float = 10.0
    seed: int = 1


@dataclass(frozen=True)
class ScenarioOutcome:
    """One run of one scenario: the load, what was measured and what is wrong with it."""

    scenario: str
    load: Load
    verdict: Verdict
    measured: Measured
    findings: tuple[demands.TargetFinding, ...]


def names(asked: Sequence[str] = ()) -> list[str]:
    """The scenarios of these names, all when none is asked for. Raises NotFound for one that there is not."""
    known = sorted(path.stem for path in (data_directory("loadtests") / "scenarios").glob("*.py"))
    chosen = [name.replace("-", "_") for name in asked]
    for name in chosen:
        if name not in known:
            raise NotFound(f"there is no scenario {name!r}; there are {', '.join(known)}")
    return chosen or known


def default_targets() -> Path:
    """The targets that come with chatctl."""
    return data_directory("loadtests") / "targets.yaml"


def people(conn: Connection, users: int) -> list[str]:
    """The ids of up to ``users`` people to impersonate. Raises Inconclusive when there are none."""
    try:
        found = conn.execute(query("loadtest/people"), {"people": users}).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise Inconclusive(
            "there is no backend in this database", hint="make one with `chatctl migrate`"
        ) from None
    if not found:
        raise Inconclusive(
            "nobody takes part in a conversation, so there is nothing to load",
            hint="fill the database with `chatctl seed`",
        )
    return [str(user) for (user,) in found]


def sign_in(url: str, *, local: bool) -> tuple[str, str]:
    """The URL with which to impersonate users, and its role: the authenticator, as for PostgREST, if it may.

    Else the role of ``url`` takes the users' roles itself, and row-level security applies all the same. Not
    tried on a hosted project: its authenticator has a password of its own, and wrong ones get us banned.
    """
    own = str(conninfo_to_dict(url).get("user") or "the default role")
    if local:
        other = make_conninfo(url, user=_AUTHENTICATOR)
        try:
            _try_acting(other)
        except ChatctlError:
            pass  # whatever the reason, `url` is tried next, and its refusal counts
        else:
            return other, _AUTHENTICATOR
    _try_acting(url)
    return url, own


def run(
    scenario: str,
    targets: demands.Targets,
    *,
    url: str,
    people: Sequence[str],
    load: Load,
    report: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> ScenarioOutcome:
    """Put the database of ``url`` under ``load`` and judge what ``scenario`` measured; see ``measure``."""
    plan = LoadPlan(url, list(people), load.users, load.rate, load.duration, load.seed)
    measured = measure(scenario, plan, report=report, on_progress=on_progress)
    findings = tuple(demands.judge(measured, targets))
    return ScenarioOutcome(scenario, load, verdict(findings), measured, findings)


def verdict(findings: Sequence[demands.TargetFinding]) -> Verdict:
    """What the findings come to: a miss is a miss even where something else could not be judged."""
    kinds = {finding.kind for finding in findings}
    return "missed" if "missed" in kinds else "unjudged" if kinds else "passed"


def require(outcomes: Sequence[ScenarioOutcome]) -> None:
    """Raise Found when a target was missed, Inconclusive when one could not be judged."""
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    summary = "; ".join(finding.sentence for finding in findings)
    match verdict(findings):
        case "missed":
            raise Found(summary)
        case "unjudged":
            raise Inconclusive(summary)


def _try_acting(url: str) -> None:
    with connection(url, application_name="chatctl loadtest") as conn, conn.transaction():
        act_as(conn, "authenticated")
