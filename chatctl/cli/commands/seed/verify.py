"""``chatctl seed verify``: is a world as it was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import note, show, show_document
from chatctl.cli.session import session
from chatctl.errors import Found, NotFound
from chatctl.services.seed import runs
from chatctl.services.seed import verify as checking
from chatctl.services.seed.people import PASSWORD
from chatctl.services.seed.verify import SeedDifference, WorldVerdict
from chatctl.settings import Target

EPILOG = """\b
Examples:
  chatctl seed verify                 all worlds that are seeded here
  chatctl seed verify perf            one of them
  chatctl seed verify -o json | jq '.worlds[].differences[]'

Checked are references, counters against recounts, what each participant has read, the limits of the backend,
users as Auth needs them, and the fingerprint; with api_url and a key one sign-in per organization, too.
Exits with 7 when something is not as it was made, also when users have used the world since, or when
`chatctl seed clean` has removed it except rows still in use. Exits with 3 when the world that was named
is not here.
"""

WorldArgument = Annotated[str | None, typer.Argument(help="Only this one.", show_default=False)]
OneSeedOption = Annotated[
    int | None, typer.Option("--seed", help="Only the one with this number.", metavar="N", show_default=False)
]


def verify(ctx: typer.Context, world: WorldArgument = None, number: OneSeedOption = None) -> None:
    """Check that the worlds seeded here are as they were made; exit 7 if not."""
    shared = options(ctx)
    with session(shared, watched=True) as at:
        found = runs.of(at.conn, world, number)
        if not found and (world, number) != (None, None):
            raise NotFound(f"no world {_named(world, number)} is seeded here")
        verdicts = []
        for run in found:
            note(f"checking {run}", shared)
            verdicts.append(checking.verify(at.conn, run, sign_in=_sign_in(at.target)))
    differences = [
        difference
        for verdict in verdicts
        for difference in (verdict.cleaned, *verdict.differences)
        if difference
    ]
    document = {"worlds": verdicts}
    if differences:
        show(differences, shared, document=document)
        changed = f"{len(differences)} differences" if len(differences) > 1 else "1 difference"
        raise Found(f"{changed} from what was seeded")
    columns = [field.name for field in fields(SeedDifference)]
    show_document(document, shared, text=_all_well(verdicts), rows=[], columns=columns)


def _sign_in(target: Target) -> Callable[[str], None] | None:
    key = target.publishable_key or target.secret_key
    url = target.api_url
    if target.embedded or not (url and key):
        return None
    from chatctl.services.seed import accounts  # noqa: PLC0415 - the client of Supabase

    def sign_in(email: str) -> None:
        accounts.sign_in(url, key, email, PASSWORD)

    return sign_in


def _named(world: str | None, number: int | None) -> str:
    return " ".join(part for part in (world, f"with seed {number}" if number is not None else None) if part)


def _all_well(verdicts: list[WorldVerdict]) -> str:
    if not verdicts:
        return "no world is seeded here"
    return "\n".join(
        f"{it.world} {it.seed} is as it was made: {len(it.checks)} checks, fingerprint {it.now}"
        for it in verdicts
    )
