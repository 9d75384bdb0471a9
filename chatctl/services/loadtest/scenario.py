"""Load-test scenarios: finding them, choosing users to impersonate, and running and judging one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chatctl.data import data_directory
from chatctl.db.connection import Connection, connection
from chatctl.db.files import query
from chatctl.db.requirements import require_backend
from chatctl.db.roles import act_as
from chatctl.errors import ChatctlError, Found, Inconclusive, NotFound
from chatctl.services.loadtest import targets as targets_file
from chatctl.services.loadtest.generator import measure
from chatctl.services.loadtest.measured import Measured
from chatctl.services.loadtest.messages import Progress
from chatctl.services.loadtest.plan import LoadPlan
from chatctl.yamlfile.suggestions import suggestion

_AUTHENTICATOR = "authenticator"

Verdict = Literal["passed", "missed", "unjudged"]


@dataclass(frozen=True)
class Load:
    """The load: ``rate`` requests per second from all ``users`` together, for ``duration`` seconds."""

    users: int = 20
    rate: float = 40.0
    duration: float = 10.0
    seed: int = 1


@dataclass(frozen=True)
class ScenarioOutcome:
    """One run of one scenario: the load, the measurements and the findings."""

    scenario: str
    load: Load
    verdict: Verdict
    measured: Measured
    findings: tuple[targets_file.TargetFinding, ...]


def names(requested: Sequence[str] = ()) -> list[str]:
    """The requested scenarios, by default all. Raises NotFound for an unknown one."""
    scenarios = (data_directory("loadtests") / "scenarios").glob("*.py")
    known = sorted(targets_file.scenario_name(path.stem) for path in scenarios)
    selected = [targets_file.scenario_name(name) for name in requested]
    for name in selected:
        if name not in known:
            raise NotFound(f"there is no scenario {name}; {suggestion(name, known)}")
    return selected or known


def default_targets() -> Path:
    """The targets that come with chatctl."""
    return data_directory("loadtests") / "targets.yaml"


def people(conn: Connection, users: int) -> list[str]:
    """The ids of up to ``users`` users to impersonate.

    Raises NotFound without the backend, Inconclusive without users.
    """
    require_backend(conn)
    ids = conn.execute(query("loadtest/people"), {"people": users}).fetchall()
    if not ids:
        raise Inconclusive(
            "no user participates in a conversation, so there is nothing to test",
            hint="fill the database with `chatctl seed`",
        )
    return [str(user) for (user,) in ids]


def sign_in(url: str, *, local: bool) -> tuple[str, str]:
    """The URL with which to impersonate users, and its role: if possible the authenticator, as for PostgREST.

    Otherwise the role of ``url`` switches to the users' roles; row-level security applies, too. The
    authenticator is not tried on a hosted project, where it has a different password, and failed sign-ins
    lead to a ban.
    """
    own = str(conninfo_to_dict(url).get("user") or "the default role")
    if local:
        other = make_conninfo(url, user=_AUTHENTICATOR)
        try:
            _try_acting(other)
        except ChatctlError:
            pass  # `url` is tried next, and its error is reported
        else:
            return other, _AUTHENTICATOR
    _try_acting(url)
    return url, own


def run(
    scenario: str,
    targets: targets_file.Targets,
    *,
    url: str,
    people: Sequence[str],
    load: Load,
    report: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> ScenarioOutcome:
    """Run ``scenario`` with ``load`` against the database of ``url`` and judge it; see ``measure``."""
    plan = LoadPlan(url, list(people), load.users, load.rate, load.duration, load.seed)
    measured = measure(scenario, plan, report=report, on_progress=on_progress)
    findings = tuple(targets_file.judge(measured, targets))
    return ScenarioOutcome(scenario, load, verdict(findings), measured, findings)


def verdict(findings: Sequence[targets_file.TargetFinding]) -> Verdict:
    """The overall verdict; a missed target outweighs one that could not be judged."""
    kinds = {finding.kind for finding in findings}
    return "missed" if "missed" in kinds else "unjudged" if kinds else "passed"


def require(outcomes: Sequence[ScenarioOutcome]) -> None:
    """Raise Found if a target was missed, Inconclusive if one could not be judged."""
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
