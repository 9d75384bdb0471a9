"""``chatctl demo``: migrate, seed, audit-rls and a short load test on a throwaway server."""

from __future__ import annotations

import typer

from chatctl.cli.options import ROWS, App, options
from chatctl.cli.output import note, show
from chatctl.errors import Invalid
from chatctl.local.postgres import throwaway
from chatctl.services import demo as parts
from chatctl.services.demo import DemoStep, Result

EPILOG = """\b
Examples:
  chatctl demo
  chatctl demo -o json | jq '.steps[] | {step, state, seconds}'

Exits with 0 when every part went well, else with the worst of their codes: what broke (1 to 5, 8)
before what a check found (7) before what it could not judge (9).
"""

app = App(help="Migrate, seed, audit and load-test a throwaway server.", no_args_is_help=False)


@app.command(epilog=EPILOG, formats=ROWS)
def demo(ctx: typer.Context) -> None:
    """Do everything once, on an embedded server that goes away again; it takes half a minute."""
    shared = options(ctx)
    if shared.db_url or shared.target:
        raise Invalid("demo runs on a throwaway server of its own; take --db-url or --target away")
    parts.check_installed()

    def started(step: DemoStep) -> None:
        note(f"{step.name} …", shared)

    def ended(result: Result) -> None:
        note(f"  {result.state} after {result.seconds} s: {result.result}", shared)
        if result.error and result.error.hint:
            note(f"  {result.error.hint}", shared)

    note("target: a throwaway server", shared)
    with throwaway.server() as server:
        note(f"PostgreSQL {server.version} runs in {server.directory}", shared)
        results = parts.run(server, on_start=started, on_end=ended)
    failure = parts.worst(results)
    columns = ("step", "state", "result", "seconds")
    document = {"exit": failure.exit_code if failure else 0, "steps": [_record(each) for each in results]}
    show(results, shared, columns=columns, document=document)
    if failure:
        raise failure


def _record(result: Result) -> dict[str, object]:
    error = result.error
    return {
        "step": result.step,
        "state": result.state,
        "result": result.result,
        "seconds": result.seconds,
        "exit": error.exit_code if error else 0,
        "hint": error.hint if error else None,
    }
