"""Seeding one world; shared by ``seed``, ``demo``, ``perf`` and ``from``."""

from __future__ import annotations

from typing import Annotated, Literal, NoReturn

import typer

from chatctl.cli.commands.seed.target import api_alone, api_session, require_api, seed_session
from chatctl.cli.guards import confirm_write
from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.cli.progress import progress
from chatctl.errors import Interrupted, PartlyDone
from chatctl.formats.counting import counted
from chatctl.services.seed import loading, outline, runs
from chatctl.services.seed.loading import LoadedWorld
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.scaling import scaled
from chatctl.services.seed.spec import Spec

# The tables in the summary, and their labels; -o json has all tables.
_SUMMARY_TABLES = {
    "auth.users": "users",
    "organizations": "organizations",
    "conversations": "conversations",
    "messages": "messages",
}

SeedOption = Annotated[
    int,
    typer.Option(
        "--seed", help="Random seed; the same seed gives the same rows.", min=0, max=2**31 - 1, metavar="N"
    ),
]
ScaleOption = Annotated[
    float,
    typer.Option(help="Multiply the users, conversations and messages by this factor.", metavar="FACTOR"),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show the rows and the disk space needed; change nothing.")
]
UsersOption = Annotated[
    Literal["auto", "sql", "api"],
    typer.Option(help="Create users with SQL or the Auth Admin API; auto: SQL if the role is allowed to."),
]


def seed_world(
    shared: Options,
    spec: Spec,
    number: int,
    scale: float,
    users: Literal["auto", "sql", "api"],
    dry_run: bool,
) -> None:
    """Load the world of ``spec`` and ``number`` into the target, or only show what that would take."""
    if users == "api":
        require_api(shared)
    world = outline.build(scaled(spec, scale), number)
    if api_alone(shared):
        _sign_up(shared, world)
    with seed_session(shared, done="seeded", watched=dry_run) as opened:
        if not dry_run:
            confirm_write(opened.target, shared, what=f"seed {spec.name}")
        how = loading.LoadOptions(
            users=None if users == "auto" else users,
            api=opened.api,
            storage_rows=opened.target.local and opened.api is None,
            allow_other_rows=shared.yes or dry_run,
        )
        try:
            with progress(shared) as on_progress:
                outcome = loading.load(
                    opened.conn,
                    world,
                    how,
                    dry_run=dry_run,
                    on_wait=lambda why: note(f"  {why}", shared),
                    on_path=lambda path: note(f"loading {path}", shared),
                    on_progress=on_progress,
                )
        except KeyboardInterrupt as stop:
            hint = "run the same command again to continue"
            raise Interrupted(str(stop) or "interrupted", hint=hint) from None
    show_document(outcome, shared, text=_summary(outcome))


def _sign_up(shared: Options, world: Outline) -> NoReturn:
    """Create the users, which is all that is possible without a database."""
    with (
        api_session(shared, what=f"seed the users of {world.spec.name}") as api,
        progress(shared) as on_progress,
    ):
        loading.sign_up(world, api, on_progress)
    raise PartlyDone(
        f"created the {len(world.people)} users of {world.spec.name}; everything else needs db_url",
        hint="give the target a db_url and run the command again to continue",
    )


def _summary(outcome: LoadedWorld) -> str:
    counts = ", ".join(
        f"{word}: {outcome.rows[table]:,}" for table, word in _SUMMARY_TABLES.items() if table in outcome.rows
    )
    world = runs.named(outcome.world, outcome.seed)
    if outcome.state == "planned":
        disk = f"about {_size(outcome.bytes or 0)} on disk, and temporarily twice as much WAL"
        return f"{world} would have {counts}\n{disk}; nothing was changed"
    result = {
        "created": f"seeded {world}",
        "continued": f"seeded the rest of {world}, which an earlier run started",
        "unchanged": f"{world} already exists; nothing was added",
        "changed": f"{world} already exists and was changed since; nothing was added",
    }[outcome.state]
    files = [f"{counted(outcome.files, 'file')} uploaded"] if outcome.files else []
    people = [f"  {who.email}  {who.role} of {who.organization}" for who in outcome.logins]
    sign_in = f"sign in with the password {outcome.password} as"
    return "\n".join([result, counts, *files, f"fingerprint {outcome.fingerprint}", sign_in, *people])


def _size(size: int) -> str:
    import humanize  # noqa: PLC0415 - only a dry run needs it

    return humanize.naturalsize(size)
