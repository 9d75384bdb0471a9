"""``chatctl export verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.options import options
from chatctl.cli.output import show, show_document
from chatctl.errors import Found
from chatctl.formats.counting import counted
from chatctl.services.moderation.exports import manifest

COLUMNS = ("path", "problem", "explanation")
EPILOG = """\b
Examples:
  chatctl export verify support-2026
  chatctl export verify support-2026 --manifest-sha256 3f1c…    also prove that it is the same manifest

Reads only the directory. Finds files that were changed, removed or added. Somebody who can write the
directory can also write another manifest: keep the SHA-256 that the export printed elsewhere.

Exit codes: 7 if a file is changed, missing or extra, 2 if the manifest cannot be read, 3 if there is none.
"""


def verify(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The exported directory.")],
    manifest_sha256: Annotated[
        str | None,
        typer.Option(
            "--manifest-sha256",
            help="The SHA-256 of the manifest that the export printed.",
            metavar="HASH",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Verify exported files against their manifest; else exit 7."""
    shared = options(ctx)
    expected, sha256 = manifest.read(directory)
    differences = manifest.verify(directory, expected)
    if manifest_sha256 is not None and manifest_sha256.strip().lower() != sha256:
        differences.append(
            manifest.ExportDifference(manifest.FILE_NAME, "changed", f"its SHA-256 is {sha256}")
        )
    document = {
        "subject": expected.subject,
        "subject_id": expected.subject_id,
        "exported_at": expected.exported_at,
        "counts": expected.counts,
        "files": len(expected.files),
        "not_included": len(expected.not_included),
        "manifest_sha256": sha256,
        "differences": differences,
    }
    if differences:
        show(differences, shared, columns=COLUMNS, document=document)
        raise Found(f"{counted(len(differences), 'file')} changed since the export")
    text = f"{counted(len(expected.files), 'file')}, unchanged since the export at {expected.exported_at}"
    show_document(document, shared, text=text, rows=[], columns=COLUMNS)
