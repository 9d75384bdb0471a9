"""``chatctl seed``: fill a database with organizations, users, conversations and messages."""

from __future__ import annotations

from typing import Annotated

import typer

from chatctl.cli.options import App, Options, options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import confirm_write, session
from chatctl.errors import NotAllowed
from chatctl.services.seed import loading, world
from chatctl.services.seed.loading import Outcome

EPILOG = """\b
Examples:
  chatctl seed                        the demo: 3 organizations, 60 users, 2,000 messages
  chatctl seed demo --seed 7          other people and other talk, beside the first
  chatctl seed --dry-run              make it, check it, and roll back
  chatctl seed -o json | jq -r .fingerprint
"""

app = App(
    help="Fill a database with organizations, users, conversations and messages.",
    epilog=EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
)

SeedOption = Annotated[
    int, typer.Option("--seed", help="Same number, same rows.", min=0, max=2**31 - 1, metavar="N")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Make everything, then roll back.")]


@app.callback()
def seed(ctx: typer.Context, number: SeedOption = world.FIRST_SEED, dry_run: DryRunOption = False) -> None:
    """Fill a database with a world that looks alive; without a command, the demo."""
    if ctx.invoked_subcommand:
        ctx.default_map = {ctx.invoked_subcommand: {"number": number, "dry_run": dry_run}}
        return
    _seed(options(ctx), number, dry_run)


@app.command()
def demo(ctx: typer.Context, number: SeedOption = world.FIRST_SEED, dry_run: DryRunOption = False) -> None:
    """Seed the demo: users who can sign in, and what they wrote. Once it is there, nothing is added."""
    _seed(options(ctx), number, dry_run)


def _seed(shared: Options, number: int, dry_run: bool) -> None:
    with session(shared) as at:
        if at.target.environment == "production":
            raise NotAllowed("production is never seeded", hint="choose another target")
        if not dry_run:
            confirm_write(at.target, shared, what="seed")
        outcome = loading.load(
            at.conn,
            world.build(seed=number),
            storage_rows=at.target.local,
            beside_others=shared.yes or dry_run,
            dry_run=dry_run,
            on_step=lambda table, rows: note(f"  {table}  {rows} rows", shared),
        )
    show_document(outcome, shared, text=_summary(outcome))


def _summary(outcome: Outcome) -> str:
    said = {
        "created": f"seeded {outcome.world} {outcome.seed} by {outcome.path}",
        "unchanged": f"{outcome.world} {outcome.seed} is already there; nothing was added",
        "changed": f"{outcome.world} {outcome.seed} is already there, and was used since; nothing was added",
    }[outcome.state]
    if outcome.dry_run and outcome.state == "created":
        said += "; rolled back, nothing is changed"
    counts = ", ".join(f"{rows} {table}" for table, rows in outcome.rows.items())
    people = [f"  {who.email}  {who.role} of {who.organization}" for who in outcome.logins]
    sign_in = f"sign in with the password {outcome.password} as"
    return "\n".join([said, counts, f"fingerprint {outcome.fingerprint}", sign_in, *people])
