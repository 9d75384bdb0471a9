"""``chatctl seed verify``: check that a seeded world is unchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import note, show, show_document
from chatctl.cli.session import session
from chatctl.errors import Found, NotFound
from chatctl.formats.counting import counted
from chatctl.services.seed import runs
from chatctl.services.seed import verify as checking
from chatctl.services.seed.people import PASSWORD
from chatctl.services.seed.verify import SeedDifference, WorldVerdict
from chatctl.settings import Target

EPILOG = """\b
Examples:
  chatctl seed verify                 check all seeded worlds
  chatctl seed verify perf            check one of them
  chatctl seed verify -o json | jq '.worlds[].differences[]'

This checks references, counters, read positions, the limits of the backend, the rows that Auth needs, and
the fingerprint; if the target has api_url and a key, also one sign-in per organization.

Exit codes: 7 if anything differs from what was seeded, including changes by users, or if `chatctl seed
clean` has removed the world except for rows in use; 3 if the given world is not seeded here.
"""

WorldArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="WORLD", show_default=False, help="demo, perf or the name in a world file; default: all."
    ),
]
OneSeedOption = Annotated[
    int | None, typer.Option("--seed", help="Only worlds with this seed.", metavar="N", show_default=False)
]


def verify(ctx: typer.Context, world: WorldArgument = None, number: OneSeedOption = None) -> None:
    """Check that the seeded worlds are unchanged; exit 7 if not."""
    shared = options(ctx)
    with session(shared, watched=True) as opened:
        worlds = runs.of(opened.conn, world, number)
        if not worlds and (world, number) != (None, None):
            raise NotFound(f"no world {_named(world, number)} is seeded here")
        verdicts = []
        for run in worlds:
            note(f"checking {run}", shared)
            verdicts.append(checking.verify(opened.conn, run, sign_in=_sign_in(opened.target)))
    differences = [
        difference
        for verdict in verdicts
        for difference in (verdict.cleaned, *verdict.differences)
        if difference
    ]
    document = {"worlds": verdicts}
    if differences:
        show(differences, shared, document=document)
        raise Found(f"{counted(len(differences), 'difference')} from what was seeded")
    columns = [field.name for field in fields(SeedDifference)]
    show_document(document, shared, text=_summary(verdicts), rows=[], columns=columns)


def _sign_in(target: Target) -> Callable[[str], None] | None:
    key = target.publishable_key or target.secret_key
    url = target.api_url
    if target.embedded or not (url and key):
        return None
    from chatctl.services.seed import accounts  # noqa: PLC0415 - the Supabase client is slow to import

    def sign_in(email: str) -> None:
        accounts.sign_in(url, key, email, PASSWORD)

    return sign_in


def _named(world: str | None, number: int | None) -> str:
    return " ".join(part for part in (world, f"with seed {number}" if number is not None else None) if part)


def _summary(verdicts: list[WorldVerdict]) -> str:
    if not verdicts:
        return "no world is seeded here"
    return "\n".join(
        f"{runs.named(it.world, it.seed)} is unchanged: {len(it.checks)} checks, fingerprint {it.now}"
        for it in verdicts
    )
