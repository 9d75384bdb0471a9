"""Everything once, on a server of its own: migrate, seed, audit-rls and a short load test."""

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

# Exit codes from the worst: what broke, what a check found, what it could not judge, what is partly done.
_SEVERITY = (1, 2, 3, 4, 5, 8, 7, 9, 6)


@dataclass(frozen=True)
class DemoStep:
    """One part of the demo; ``needs`` names the one without which it makes no sense.

    ``run`` takes the URL of the server and gives a sentence about what it did.
    """

    name: str
    run: Callable[[str], str]
    needs: str | None = None


@dataclass(frozen=True)
class Result:
    """How a step went; ``error`` is the one that its own command would have ended with."""

    step: str
    state: Literal["done", "failed", "skipped"]
    result: str
    seconds: float
    error: ChatctlError | None = None


def check_installed() -> None:
    """Raise Invalid when the embedded server or the load generator is not installed."""
    binaries.check_installed()
    generator.check_installed()


def run(
    server: Server,
    *,
    on_start: Callable[[DemoStep], None] = lambda step: None,
    on_end: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Run every step on ``server``; one that fails takes those with it that need it, no others."""
    results: dict[str, Result] = {}
    for step in STEPS:
        needed = results[step.needs] if step.needs else None
        if needed and needed.state != "done":
            results[step.name] = Result(step.name, "skipped", f"needs {step.needs}", 0.0)
        else:
            on_start(step)
            results[step.name] = _tried(step, server.url)
        on_end(results[step.name])
    return list(results.values())


def worst(results: list[Result]) -> ChatctlError | None:
    """The error of all steps together: None when all went well, else the worst of theirs."""
    errors = [result.error for result in results if result.error]
    return min(errors, key=lambda error: _SEVERITY.index(error.exit_code), default=None)


def _tried(step: DemoStep, url: str) -> Result:
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
        found = audit(conn)
    if found.findings:
        raise Found("; ".join(finding.message for finding in found.findings))
    if not found.conclusive:
        raise Inconclusive(f"{len(found.doubts)} kinds of probes prove nothing")
    return f"{found.probes} probes by {found.identities} identities, no finding"


def _loadtest(url: str) -> str:
    wanted = targets.load(scenario.default_targets())
    with connection(url) as conn:
        people = scenario.people(conn, LOAD.users)
    api, _ = scenario.sign_in(url, local=True)
    outcomes = [
        scenario.run(name, wanted[name], url=api, people=people, load=LOAD) for name in scenario.names()
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
