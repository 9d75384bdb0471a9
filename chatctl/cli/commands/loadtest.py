"""``chatctl loadtest``: load-test the backend and check the results against targets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from chatctl.cli import files
from chatctl.cli.files import path
from chatctl.cli.guards import confirm_write, refuse_production
from chatctl.cli.options import ROWS, App, options
from chatctl.cli.output import note, plain, show
from chatctl.cli.session import session
from chatctl.errors import Invalid
from chatctl.services.loadtest import targets as targets_file
from chatctl.services.loadtest.generator import check_installed
from chatctl.services.loadtest.measured import Times
from chatctl.services.loadtest.scenario import (
    Load,
    ScenarioOutcome,
    default_targets,
    names,
    people,
    require,
    run,
    sign_in,
    verdict,
)

EPILOG = """\b
Examples:
  chatctl loadtest                               every scenario, 20 users for 10 seconds
  chatctl loadtest conversation-list --users 50 --duration 1m
  chatctl loadtest --rate 200 --report reports   the result as JSON and HTML, for CI
  chatctl loadtest --targets strict.yaml -o json | jq .verdict

Exit codes: 7 if a target is missed, 9 if there is no verdict (too few samples, or a late generator).
"""

app = App(help="Load-test the backend and check the results against targets.", no_args_is_help=False)

MAX_REQUESTS = 5_000_000  # the plan keeps every request in memory
_RESULT = "loadtest.json"  # in the directory of --report
RATE_PER_USER = 2.0  # default requests per second
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class SeriesRow:
    """One series in the table; times in milliseconds, measured from when the request was due."""

    scenario: str
    series: str
    n: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    errors: int
    target: str
    verdict: str


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", text.strip())
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 1 <= seconds <= 24 * _UNITS["h"]:
        raise typer.BadParameter(f"{text!r} is not a duration from 1s to 24h, such as 90, 90s, 2m or 1h")
    return seconds


@app.command(epilog=EPILOG, formats=ROWS)
def loadtest(
    ctx: typer.Context,
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCENARIO", show_default=False, help="Scenarios to run; default: all."),
    ] = None,
    users: Annotated[
        int, typer.Option(help="Number of concurrent users, each with its own connection.", min=1, max=1000)
    ] = 20,
    duration: Annotated[
        float, typer.Option(parser=_duration, metavar="TIME", help="Duration of each scenario, as 10s or 2m.")
    ] = "10s",  # type: ignore[assignment]  # the parser converts it to a float
    rate: Annotated[
        float | None,
        typer.Option(
            metavar="PER_SECOND",
            min=0.1,
            max=100_000,
            show_default=False,
            help="Requests per second of all users together; default: 2 per user.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed; the same seed plans the same requests.")] = 1,
    targets: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=path,
            show_default=False,
            help="Targets to use instead of the built-in ones.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=path,
            show_default=False,
            help="Directory for loadtest.json and HTML reports.",
        ),
    ] = None,
) -> None:
    """Send requests as impersonated users at a planned rate, and check the results against targets.

    The targets are those of loadtests/targets.yaml, which comes with chatctl, or of --targets.
    """
    shared = options(ctx)
    check_installed()
    chosen = names(scenarios or ())
    all_targets = targets_file.load(targets or default_targets())
    for name in chosen:
        if name not in all_targets:
            raise Invalid(f"{targets or default_targets()} has no targets for {name}")
    refuse_production(shared.settings.target, done="load-tested")
    load = Load(users, rate or users * RATE_PER_USER, duration, seed)
    if load.rate * load.duration > MAX_REQUESTS:
        raise Invalid(f"{load.rate:g} requests/s for {duration:g} s are more than {MAX_REQUESTS:,} requests")
    if report is not None:
        files.make_directory(report, "--report")
        for name in (_RESULT, *(f"{scenario}.html" for scenario in chosen)):
            files.require_writable(report / name, "--report:")
    with session(shared) as opened:
        confirm_write(opened.target, shared, what="loadtest")
        impersonated = people(opened.conn, users)
        url, role = sign_in(opened.url, local=opened.target.local)
    note(f"connected as {role}, impersonating {len(impersonated)} users", shared)
    outcomes = []
    for name in chosen:
        note(f"{name}: {users} users, {load.rate:g} requests/s for {duration:g} s", shared)
        outcomes.append(
            run(
                name,
                all_targets[name],
                url=url,
                people=impersonated,
                load=load,
                report=report,
                on_progress=lambda progress: note(f"  sent {progress.sent} of {progress.planned}", shared),
            )
        )
    lines = [row for outcome in outcomes for row in rows(outcome, all_targets[outcome.scenario])]
    show(lines, shared, document=document(outcomes))
    if report is not None:
        files.write(report / _RESULT, f"{json.dumps(document(outcomes), indent=2)}\n")
    require(outcomes)


def document(outcomes: Sequence[ScenarioOutcome]) -> dict[str, Any]:
    """The result in JSON and YAML: the overall verdict, and each scenario."""
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    return {"verdict": verdict(findings), "scenarios": plain(outcomes)}


def rows(outcome: ScenarioOutcome, targets: targets_file.Targets) -> Iterator[SeriesRow]:
    """The result as a table: a row for each series that was measured or has a target."""
    measured = {series.name: series for series in outcome.measured.series}
    for name in sorted({*measured, *targets.series}):
        series, target = measured.get(name), targets.series.get(name)
        times = series.response if series else Times(0, None, None, None, None)
        # A finding about the schedule or the generator applies to every series.
        findings = [f for f in outcome.findings if f.subject in (name, "schedule", "generator")]
        yield SeriesRow(
            scenario=outcome.scenario,
            series=name,
            n=times.n,
            p50_ms=_rounded(times.p50_ms),
            p95_ms=_rounded(times.p95_ms),
            p99_ms=_rounded(times.p99_ms),
            max_ms=_rounded(times.max_ms),
            errors=sum(series.errors.values()) if series else 0,
            target=str(target) if target else "none",
            verdict=verdict(findings),
        )


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
