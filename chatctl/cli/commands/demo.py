"""``chatctl demo``: migrate, seed, audit-rls and a short load test on a throwaway server."""

from __future__ import annotations

import typer

from chatctl.cli.options import ROWS, App, options
from chatctl.cli.output import note, show
from chatctl.errors import Invalid
from chatctl.local.postgres import throwaway
from chatctl.services import demo as demo_steps
from chatctl.services.demo import DemoStep, Result

EPILOG = """\b
Examples:
  chatctl demo
  chatctl demo -o json | jq '.steps[] | {step, state, seconds}'

Exit codes: 0 if all steps succeed, else the most severe code of a step: errors (1 to 5, 8) first, then
findings of a check (7), then checks that could not reach a verdict (9).
"""

app = App(help="Migrate, seed, audit and load-test a throwaway server.", no_args_is_help=False)


@app.command(epilog=EPILOG, formats=ROWS)
def demo(ctx: typer.Context) -> None:
    """Run every step once on a throwaway embedded server; this takes about half a minute."""
    shared = options(ctx)
    if shared.db_url or shared.target:
        raise Invalid("demo runs on its own throwaway server; remove --db-url or --target")
    demo_steps.check_installed()

    def started(step: DemoStep) -> None:
        note(f"{step.name} …", shared)

    def ended(result: Result) -> None:
        note(f"  {result.state} after {result.seconds} s: {result.result}", shared)
        if result.error and result.error.hint:
            note(f"  {result.error.hint}", shared)

    note("target: a throwaway server", shared)
    with throwaway.server() as server:
        note(f"PostgreSQL {server.version} runs in {server.directory}", shared)
        results = demo_steps.run(server, on_start=started, on_end=ended)
    failure = demo_steps.worst(results)
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
