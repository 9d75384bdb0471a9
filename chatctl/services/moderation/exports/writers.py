"""Writing the sections of an export as NDJSON, CSV or a page, row by row."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TextIO

from chatctl.formats.escaping import csv_cell
from chatctl.services.moderation.exports import page
from chatctl.services.moderation.exports.sections import ExportRow, ExportSection, as_text, cell


class ExportFormat(StrEnum):
    """How the rows of an export are written."""

    ndjson = "ndjson"
    csv = "csv"
    html = "html"


class ExportWriter(Protocol):
    """Writes sections one after the other."""

    def begin(self, section: ExportSection, columns: Sequence[str]) -> None: ...

    def row(self, row: ExportRow) -> None: ...


@contextmanager
def writer(directory: Path, chosen: ExportFormat, title: str) -> Iterator[ExportWriter]:
    """A writer of files in ``directory``; ``title`` is the heading of the page."""
    with ExitStack() as stack:
        if chosen is ExportFormat.html:
            file = stack.enter_context(_created(directory / "export.html"))
            yield stack.enter_context(page.written(file, title))
        else:
            yield (_Ndjson if chosen is ExportFormat.ndjson else _Csv)(directory, stack)


def _created(path: Path) -> TextIO:
    return path.open("x", encoding="utf-8", newline="")


class _Ndjson:
    """One file for each section, one object per line, exactly as the database has it."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory, self._stack = directory, stack

    def begin(self, section: ExportSection, columns: Sequence[str]) -> None:
        self._file = self._stack.enter_context(_created(self._directory / f"{section.name}.ndjson"))

    def row(self, row: ExportRow) -> None:
        self._file.write(json.dumps(row, default=as_text, ensure_ascii=True) + "\n")


class _Csv:
    """One file for each section. Control characters are escaped, and formulas get an apostrophe."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory, self._stack = directory, stack

    def begin(self, section: ExportSection, columns: Sequence[str]) -> None:
        file = self._stack.enter_context(_created(self._directory / f"{section.name}.csv"))
        self._writer = csv.writer(file)
        self._writer.writerow(columns)

    def row(self, row: ExportRow) -> None:
        self._writer.writerow([csv_cell(cell(value)) for value in row.values()])
