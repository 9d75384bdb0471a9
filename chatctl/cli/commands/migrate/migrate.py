"""``chatctl migrate``: run what is pending."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from chatctl.cli.commands.migrate.directory import DirectoryOption, sql_directory
from chatctl.cli.commands.migrate.target import migration_session
from chatctl.cli.guards import confirm_write
from chatctl.cli.options import Options, OutputFormat, options
from chatctl.cli.output import chosen_format, note, show, show_document
from chatctl.db.patience import DEADLINE, LOCK_TIMEOUT
from chatctl.services import migrations
from chatctl.services.migrations.effects import Effects
from chatctl.services.migrations.plan import MigrationPlan
from chatctl.services.migrations.steps import MigrationStep

EPILOG = """\b
Examples:
  chatctl migrate                     run what is pending, in one transaction
  chatctl migrate --dry-run           run it, show what it locks and rewrites, roll back
  chatctl migrate status              what is applied, pending, edited or missing, and the next command
  chatctl migrate drift               compare the database with the files, object by object
  chatctl migrate lint                look for what hurts traffic or opens the backend

A file with the line `-- chatctl:no-transaction` holds one statement and runs on its own, as `create index
concurrently` must; all others run in one transaction with the objects. Each file runs as in a session of its
own: a role, settings, prepared statements and temporary tables end with it, and what it defers is checked.
"""


def migrate(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Run everything, show what it locks and rewrites, roll back.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", show_default=False, help="Run no version after this one, and no objects."
        ),
    ] = None,
    include_all: Annotated[
        bool, typer.Option("--include-all", help="Run files that are older than what was applied, too.")
    ] = False,
    reapply: Annotated[
        bool, typer.Option("--reapply", help="Apply all objects again, also those that did not change.")
    ] = False,
    restate: Annotated[bool, typer.Option("--restate", hidden=True)] = False,  # until 0.2: its former name
    deadline: Annotated[
        float,
        typer.Option(help="How long to wait for another migration, and for locks.", min=0, metavar="SECONDS"),
    ] = DEADLINE,
    lock_timeout: Annotated[
        float,
        typer.Option(help="Give a lock up after this long, and try again.", min=0.001, metavar="SECONDS"),
    ] = LOCK_TIMEOUT,
    directory: DirectoryOption = None,
) -> None:
    """Run the versioned files that are pending and the objects whose text changed, in one transaction."""
    if ctx.invoked_subcommand:
        return
    shared = options(ctx)
    where = sql_directory(directory)
    with migration_session(shared, creates=not dry_run, watched=dry_run) as at:
        if not dry_run:
            confirm_write(at.target, shared, what="migrate")
        steps = migrations.migrate(
            at.conn,
            directory=where,
            to=to,
            include_all=include_all,
            reapply=reapply or restate,
            dry_run=dry_run,
            deadline=deadline,
            lock_timeout=lock_timeout,
            tell=migrations.Telling(
                plan=lambda plan: _tell_drops(plan, shared),
                step=lambda step: note(f"  {_line(step)}", shared),
                wait=lambda why: note(f"  {why}", shared),
            ),
        )
    if dry_run and chosen_format(shared) in (OutputFormat.table, OutputFormat.plain):
        _show_effects(steps, shared)
    show_document(
        {"dry_run": dry_run, "steps": steps},
        shared,
        text=_summary(steps, dry_run=dry_run),
        rows=steps,
        columns=("kind", "path", "milliseconds", "tried"),
    )


def _tell_drops(plan: MigrationPlan, shared: Options) -> None:
    for it in plan.obsolete:
        why = "is gone" if it.gone else "makes it no more"
        for drop in it.drops:
            note(f"  {it.path} {why}: {drop}", shared)
        if it.moved:
            note(f"  {it.path} {why}; other files make what it made", shared)
        elif it.gone and not it.drops:
            note(f"  {it.path} {why}; what it made stays, it does not say how to drop it", shared)


def _line(step: MigrationStep) -> str:
    if not step.tried:
        return f"{step.path}  not tried: it runs outside a transaction"
    return f"{step.path}  dropped" if step.kind == "drop" else f"{step.path}  {step.milliseconds} ms"


def _summary(steps: Sequence[MigrationStep], *, dry_run: bool) -> str:
    if not steps:
        return "nothing to do: the database is what sql/ says"
    did = [f"ran {_count(steps, 'version', 'migration')}", f"applied {_count(steps, 'object', 'object')}"]
    if any(step.kind == "drop" for step in steps):
        did.append(f"dropped what {_count(steps, 'drop', 'file')} made")
    if dry_run:
        did.append(f"in {sum(step.milliseconds for step in steps)} ms; rolled back, nothing is changed")
    return ", ".join(did)


def _count(steps: Sequence[MigrationStep], kind: str, noun: str) -> str:
    number = sum(step.kind == kind for step in steps)
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _show_effects(steps: Sequence[MigrationStep], shared: Options) -> None:
    import humanize  # noqa: PLC0415 - only a rehearsal needs it

    rows = []
    for step in steps:
        effects = step.effects or Effects()
        rewritten = {rewrite.table: humanize.naturalsize(rewrite.bytes) for rewrite in effects.rewrites}
        rows += [
            {
                "file": step.path,
                "table": lock.table,
                "lock": lock.mode,
                "blocks": lock.blocks,
                "rewrites": rewritten.get(lock.table),
            }
            for lock in effects.locks
        ]
    show(rows, shared, columns=("file", "table", "lock", "blocks", "rewrites"))
