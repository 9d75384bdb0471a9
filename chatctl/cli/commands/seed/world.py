"""Seeding one world: what ``seed``, ``demo``, ``perf`` and ``from`` share."""

from __future__ import annotations

from typing import Annotated, Literal, NoReturn

import typer

from chatctl.cli.commands.seed.target import api_alone, api_session, require_api, seed_session
from chatctl.cli.guards import confirm_write
from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.cli.progress import progress
from chatctl.errors import Interrupted, PartlyDone
from chatctl.services.seed import loading, outline
from chatctl.services.seed.loading import LoadedWorld
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.scaling import scaled
from chatctl.services.seed.spec import Spec

# What people count, and how they call it; the machine formats have every table.
_COUNTED = {
    "auth.users": "users",
    "organizations": "organizations",
    "conversations": "conversations",
    "messages": "messages",
}

SeedOption = Annotated[
    int, typer.Option("--seed", help="Same number, same rows.", min=0, max=2**31 - 1, metavar="N")
]
ScaleOption = Annotated[
    float,
    typer.Option(help="So many times the people, conversations and messages.", metavar="FACTOR"),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be made and how much disk it takes; change nothing.")
]
UsersOption = Annotated[
    Literal["auto", "sql", "api"],
    typer.Option(help="Make users by SQL, or by the Auth Admin API; auto: SQL where this role may."),
]


def seed_world(
    shared: Options,
    spec: Spec,
    number: int,
    scale: float,
    users: Literal["auto", "sql", "api"],
    dry_run: bool,
) -> None:
    """Load the world of ``spec`` and ``number`` into the target, or only say what that would take."""
    if users == "api":
        require_api(shared)
    world = outline.build(scaled(spec, scale), number)
    if api_alone(shared):
        _sign_up(shared, world)
    with seed_session(shared, done="seeded", watched=dry_run) as at:
        if not dry_run:
            confirm_write(at.target, shared, what=f"seed {spec.name}")
        how = loading.LoadOptions(
            users=None if users == "auto" else users,
            api=at.api,
            storage_rows=at.target.local and at.api is None,
            beside_others=shared.yes or dry_run,
        )
        try:
            with progress(shared) as told:
                outcome = loading.load(
                    at.conn,
                    world,
                    how,
                    dry_run=dry_run,
                    on_wait=lambda why: note(f"  {why}", shared),
                    on_path=lambda path: note(f"path: {path}", shared),
                    on_progress=told,
                )
        except KeyboardInterrupt as stop:
            again = "run the same command again: it goes on from here"
            raise Interrupted(str(stop) or "interrupted", hint=again) from None
    show_document(outcome, shared, text=_summary(outcome))


def _sign_up(shared: Options, world: Outline) -> NoReturn:
    """All that can be had without a database: the users."""
    with api_session(shared, what=f"seed the users of {world.spec.name}") as api, progress(shared) as told:
        loading.sign_up(world, api, told)
    raise PartlyDone(
        f"the {len(world.people)} users of {world.spec.name} are there; all else needs db_url",
        hint="give the target a db_url and run it again: it goes on from here",
    )


def _summary(outcome: LoadedWorld) -> str:
    counts = ", ".join(
        f"{word}: {outcome.rows[table]:,}" for table, word in _COUNTED.items() if table in outcome.rows
    )
    named = f"{outcome.world} {outcome.seed}"
    if outcome.state == "planned":
        disk = f"about {_size(outcome.bytes or 0)} on disk, and twice as much in the log meanwhile"
        return f"{named} would have {counts}\n{disk}; nothing was changed"
    said = {
        "created": f"seeded {named}",
        "continued": f"seeded the rest of {named}, which an earlier run began",
        "unchanged": f"{named} is already there; nothing was added",
        "changed": f"{named} is already there, and was used since; nothing was added",
    }[outcome.state]
    files = [f"{outcome.files} files uploaded"] if outcome.files else []
    people = [f"  {who.email}  {who.role} of {who.organization}" for who in outcome.logins]
    sign_in = f"sign in with the password {outcome.password} as"
    return "\n".join([said, counts, *files, f"fingerprint {outcome.fingerprint}", sign_in, *people])


def _size(size: int) -> str:
    import humanize  # noqa: PLC0415 - only a dry run needs it

    return humanize.naturalsize(size)
