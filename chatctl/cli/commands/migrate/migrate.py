"""``chatctl migrate``: run pending migrations and apply changed objects."""

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
from chatctl.formats.counting import counted
from chatctl.services import migrations
from chatctl.services.migrations.effects import Effects
from chatctl.services.migrations.plan import MigrationPlan
from chatctl.services.migrations.steps import MigrationStep

EPILOG = """\b
Examples:
  chatctl migrate                     run everything pending in one transaction
  chatctl migrate --dry-run           run it, show its locks and table rewrites, then roll back
  chatctl migrate status              show the state of every file and the next command
  chatctl migrate drift               compare the database with the files, object by object
  chatctl migrate lint                check the files for locks and security holes

A file with the line `-- chatctl:no-transaction` contains one statement and runs outside a transaction, as
`create index concurrently` requires. All other files run in one transaction, together with the objects.
After each file, chatctl checks deferred constraints and resets the role, settings, prepared statements and
temporary tables, as if each file had its own session.
"""


def migrate(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Run everything, show locks and table rewrites, roll back.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", show_default=False, help="Stop after this version; do not apply objects."
        ),
    ] = None,
    include_all: Annotated[
        bool, typer.Option("--include-all", help="Also run files older than the newest applied one.")
    ] = False,
    reapply: Annotated[
        bool, typer.Option("--reapply", help="Re-apply every object, changed or not.")
    ] = False,
    restate: Annotated[bool, typer.Option("--restate", hidden=True)] = False,  # until 0.2: the former name
    deadline: Annotated[
        float,
        typer.Option(help="How long to wait for another migration, and for locks.", min=0, metavar="SECONDS"),
    ] = DEADLINE,
    lock_timeout: Annotated[
        float,
        typer.Option(help="Timeout of a single lock attempt.", min=0.001, metavar="SECONDS"),
    ] = LOCK_TIMEOUT,
    directory: DirectoryOption = None,
) -> None:
    """Run pending migrations and apply changed objects, in one transaction."""
    if ctx.invoked_subcommand:
        return
    shared = options(ctx)
    where = sql_directory(directory)
    with migration_session(shared, creates=not dry_run, watched=dry_run) as opened:
        if not dry_run:
            confirm_write(opened.target, shared, what="migrate")
        steps = migrations.migrate(
            opened.conn,
            directory=where,
            to=to,
            include_all=include_all,
            reapply=reapply or restate,
            dry_run=dry_run,
            deadline=deadline,
            lock_timeout=lock_timeout,
            on=migrations.Callbacks(
                plan=lambda plan: _announce_drops(plan, shared),
                step=lambda step: note(f"  {_line(step)}", shared),
                wait=lambda why: note(f"  {why}", shared),
            ),
        )
    if dry_run and chosen_format(shared) in (OutputFormat.table, OutputFormat.plain):
        _show_effects(steps, shared)
    show_document(
        {"dry_run": dry_run, "steps": steps},
        shared,
        text=_summary(steps, to=to, dry_run=dry_run),
        rows=steps,
        columns=("kind", "path", "milliseconds", "tried"),
    )


def _announce_drops(plan: MigrationPlan, shared: Options) -> None:
    for it in plan.obsolete:
        why = "was removed" if it.removed else "no longer defines it"
        for drop in it.drops:
            note(f"  {it.path} {why}: {drop}", shared)
        if it.moved:
            note(f"  {it.path} {why}; other files define its objects now", shared)
        elif it.removed and not it.drops:
            note(f"  {it.path} {why}; it has no drop statements, so its effects remain", shared)


def _line(step: MigrationStep) -> str:
    if not step.tried:
        return f"{step.path}  skipped: it runs outside a transaction"
    return f"{step.path}  dropped" if step.kind == "drop" else f"{step.path}  {step.milliseconds} ms"


def _summary(steps: Sequence[MigrationStep], *, to: str | None, dry_run: bool) -> str:
    if not steps:
        if to:
            return f"nothing to do: every version up to {to} is applied; newer ones are not undone"
        return "nothing to do: the database is up to date"
    parts = [f"ran {_count(steps, 'version', 'migration')}", f"applied {_count(steps, 'object', 'object')}"]
    if any(step.kind == "drop" for step in steps):
        parts.append(f"dropped obsolete objects of {_count(steps, 'drop', 'file')}")
    if dry_run:
        parts.append(f"in {sum(step.milliseconds for step in steps)} ms; rolled back, nothing was changed")
    return ", ".join(parts)


def _count(steps: Sequence[MigrationStep], kind: str, noun: str) -> str:
    return counted(sum(step.kind == kind for step in steps), noun)


def _show_effects(steps: Sequence[MigrationStep], shared: Options) -> None:
    import humanize  # noqa: PLC0415 - only a dry run needs it

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
