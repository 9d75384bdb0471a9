"""Run migrate, seed, audit-rls and a short load test on a throwaway server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chatctl.db.connection import connection
from chatctl.errors import ChatctlError, Found, Inconclusive
from chatctl.local.postgres import binaries
from chatctl.local.postgres.server import Server
from chatctl.services import migrations
from chatctl.services.audit.run import audit
from chatctl.services.loadtest import generator, scenario, targets
from chatctl.services.seed import loading, outline
from chatctl.services.seed.spec import DEMO

LOAD = scenario.Load(users=20, rate=40.0, duration=10.0)

# Exit codes, most severe first: errors, findings of a check, no verdict, partly done.
_SEVERITY = (1, 2, 3, 4, 5, 8, 7, 9, 6)


@dataclass(frozen=True)
class DemoStep:
    """One step of the demo; ``needs`` names the step that must succeed before it.

    ``run`` takes the URL of the server and returns a sentence about what it did.
    """

    name: str
    run: Callable[[str], str]
    needs: str | None = None


@dataclass(frozen=True)
class Result:
    """The result of a step; ``error`` is the error of the corresponding command."""

    step: str
    state: Literal["done", "failed", "skipped"]
    result: str
    seconds: float
    error: ChatctlError | None = None


def check_installed() -> None:
    """Raise Invalid if the embedded server or the load generator is not installed."""
    binaries.check_installed()
    generator.check_installed()


def run(
    server: Server,
    *,
    on_start: Callable[[DemoStep], None] = lambda step: None,
    on_end: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Run every step on ``server``; after a failure, the steps that need the failed step are skipped."""
    results: dict[str, Result] = {}
    for step in STEPS:
        needed = results[step.needs] if step.needs else None
        if needed and needed.state != "done":
            results[step.name] = Result(step.name, "skipped", f"needs {step.needs}", 0.0)
        else:
            on_start(step)
            results[step.name] = _attempt(step, server.url)
        on_end(results[step.name])
    return list(results.values())


def worst(results: list[Result]) -> ChatctlError | None:
    """The most severe error of all steps; None if all succeeded."""
    errors = [result.error for result in results if result.error]
    return min(errors, key=lambda error: _SEVERITY.index(error.exit_code), default=None)


def _attempt(step: DemoStep, url: str) -> Result:
    start = time.perf_counter()
    try:
        sentence = step.run(url)
    except ChatctlError as error:
        seconds = round(time.perf_counter() - start, 1)
        return Result(step.name, "failed", error.message, seconds, error)
    return Result(step.name, "done", sentence, round(time.perf_counter() - start, 1))


def _migrate(url: str) -> str:
    with connection(url) as conn:
        steps = migrations.migrate(conn)
    versions = sum(step.kind == "version" for step in steps)
    return f"ran {versions} migrations, applied {len(steps) - versions} objects"


def _seed(url: str) -> str:
    demo = outline.build(DEMO)
    with connection(url) as conn:
        loading.load(conn, demo, loading.LoadOptions(storage_rows=True))
    return (
        f"{len(demo.organizations)} organizations, {len(demo.people)} users, "
        f"{len(demo.chats)} conversations, {demo.messages} messages"
    )


def _audit(url: str) -> str:
    with connection(url) as conn:
        report = audit(conn)
    if report.findings:
        raise Found("; ".join(finding.message for finding in report.findings))
    if not report.conclusive:
        raise Inconclusive(f"{len(report.doubts)} kinds of probes prove nothing")
    return f"{report.probes} probes by {report.identities} identities, no finding"


def _loadtest(url: str) -> str:
    all_targets = targets.load(scenario.default_targets())
    with connection(url) as conn:
        people = scenario.people(conn, LOAD.users)
    api, _ = scenario.sign_in(url, local=True)
    outcomes = [
        scenario.run(name, all_targets[name], url=api, people=people, load=LOAD) for name in scenario.names()
    ]
    scenario.require(outcomes)
    return "; ".join(_figures(outcome) for outcome in outcomes)


def _figures(outcome: scenario.ScenarioOutcome) -> str:
    return "; ".join(
        f"{series.name}: {series.response.n} requests, p95 {series.response.p95_ms:.1f} ms"
        for series in outcome.measured.series
    )


STEPS = (
    DemoStep("migrate", _migrate),
    DemoStep("seed", _seed, needs="migrate"),
    DemoStep("audit-rls", _audit, needs="migrate"),
    DemoStep("loadtest", _loadtest, needs="seed"),
)
