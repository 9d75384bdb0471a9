"""Write results to stdout in the chosen format, and everything else to stderr."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from shutil import get_terminal_size
from typing import Any
from uuid import UUID

from chatctl.cli.options import Options, OutputFormat
from chatctl.cli.text import labelled
from chatctl.formats.escaping import csv_cell, line, visible

_COMFORTABLE = 36  # characters of a cell: columns are left out rather than cut below this
_NARROWEST = 8  # characters of a cell, if even then a table is too wide
_GAP = 2  # spaces between columns


def chosen_format(options: Options) -> OutputFormat:
    """The format of ``-o``; by default a table on a terminal and tab-separated lines elsewhere."""
    return options.output or (OutputFormat.table if sys.stdout.isatty() else OutputFormat.plain)


def show(
    rows: Sequence[Any],
    options: Options,
    *,
    columns: Sequence[str] | None = None,
    droppable: Sequence[str] = (),
    header: bool = True,
    document: Any = None,
) -> None:
    """Write ``rows`` (dataclasses or mappings) in the chosen format; ``columns`` selects and orders them.

    A table that is wider than the terminal, with cells of 36 characters, loses the columns ``droppable``, in
    their order, until it fits. Its cells are cut at what then fits, except ids, paths and files.
    Without ``header``, the plain format has no line with the names of the columns.
    In JSON, NDJSON and YAML, ``document`` is written instead if given.
    """
    shown = chosen_format(options)
    if document is not None and shown in (OutputFormat.json, OutputFormat.ndjson, OutputFormat.yaml):
        show_document(document, options, text="")
        return
    records = [plain(_relative(row) if shown is OutputFormat.table else row) for row in rows]
    if columns is None:
        columns = list(records[0]) if records else []
    match shown:
        case OutputFormat.json:
            _write(json.dumps(records, indent=2, ensure_ascii=True))
        case OutputFormat.ndjson:
            for record in records:
                _write(json.dumps(record, ensure_ascii=True))
        case OutputFormat.yaml:
            _write_yaml(records)
        case OutputFormat.csv:
            _write_csv(records, columns)
        case OutputFormat.id:
            _write_ids(records)
        case OutputFormat.table:
            if records:
                _write(_fitted_table(records, columns, droppable))
        case OutputFormat.plain:
            _write_lines(records, columns, header=header)


def show_document(
    document: Any,
    options: Options,
    *,
    text: str,
    rows: Sequence[Any] | None = None,
    columns: Sequence[str] | None = None,
) -> None:
    """Write one result: ``document`` in JSON, NDJSON and YAML, ``text`` in the table and plain formats.

    CSV and ids are written from ``rows``, see ``show``; without rows, from the document as a single row.
    """
    record = plain(document)
    match chosen_format(options):
        case OutputFormat.json:
            _write(json.dumps(record, indent=2, ensure_ascii=True))
        case OutputFormat.ndjson:
            _write(json.dumps(record, ensure_ascii=True))
        case OutputFormat.yaml:
            _write_yaml(record)
        case OutputFormat.csv | OutputFormat.id:
            show([record] if rows is None else rows, options, columns=columns)
        case _:
            _write(visible(text))


def record_text(record: Any) -> str:
    """The fields of a dataclass or a mapping as text for ``show_document``, one per line, without nulls."""
    return labelled({
        name.replace("_", " "): None if value is None else _text(value)
        for name, value in plain(record).items()
    })  # fmt: skip


def show_text(text: str) -> None:
    """Write text for people, its control characters escaped."""
    _write(visible(text))


def show_schema(schema: Mapping[str, Any], options: Options) -> None:
    """Write a JSON Schema; the table and plain formats are JSON, too."""
    show_document(schema, options, text=json.dumps(schema, indent=2))


def note(message: str, options: Options) -> None:
    """Print a line to stderr, unless ``-q`` is given."""
    if not options.quiet:
        print(visible(message), file=sys.stderr, flush=True)


def table(records: Sequence[Mapping[str, Any]], columns: Sequence[str], *, widest: int | None = None) -> str:
    """``records`` as a table, aligned for a terminal, where some characters are wide.

    A cell wider than ``widest`` ends with … there, unless it has an id or a path; without, nothing is cut.
    """
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - only tables need it

    def cell(column: str, value: Any) -> str:
        text = line(_text(value))
        if widest is None or _is_whole(column) or cell_len(text) <= widest:
            return text
        return set_cell_size(text, widest - 1) + "…"

    header = [_heading(column) for column in columns]
    lines = [header, *([cell(column, record.get(column)) for column in columns] for record in records)]
    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        (" " * _GAP)
        .join(text + " " * (width - cell_len(text)) for text, width in zip(cells, widths, strict=True))
        .rstrip()
        for cells in lines
    )


def document_table(rows: Sequence[Any], columns: Sequence[str], *, droppable: Sequence[str] = ()) -> str:
    """``rows`` (dataclasses or mappings) as a table in the text of a document.

    On a terminal it is fitted as ``show`` does; elsewhere nothing is cut.
    """
    if sys.stdout.isatty():
        return _fitted_table([plain(_relative(row)) for row in rows], columns, droppable)
    return table([plain(row) for row in rows], columns)


def plain(value: Any) -> Any:  # noqa: PLR0911 - one return per kind of value
    """``value`` as JSON types: ids as strings, times as ISO 8601 in UTC."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | date | Path):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    return value


def _relative(row: Any) -> dict[str, Any]:
    """``row`` with relative times, for example ``3 hours ago``."""
    import humanize  # noqa: PLC0415 - only tables need it

    values = row if isinstance(row, Mapping) else {f.name: getattr(row, f.name) for f in fields(row)}
    now = datetime.now(UTC)
    return {
        name: humanize.naturaltime(value, when=now) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")


def _write_yaml(value: Any) -> None:
    import yaml  # noqa: PLC0415 - only -o yaml needs it

    sys.stdout.write(yaml.safe_dump(value, sort_keys=False, allow_unicode=False))


def _write_csv(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([csv_cell(_text(record.get(column))) for column in columns] for record in records)
    sys.stdout.write(buffer.getvalue())


def _write_ids(records: Sequence[Mapping[str, Any]]) -> None:
    for record in records:
        key = next(name for name in ("id", "version", "name") if record.get(name) is not None)
        _write(line(_text(record[key])))


def _fitted_table(
    records: Sequence[Mapping[str, Any]], columns: Sequence[str], droppable: Sequence[str]
) -> str:
    widths = {column: _width(records, column) for column in columns}

    def fits(widest: int) -> bool:
        cut = [width if _is_whole(column) else min(width, widest) for column, width in widths.items()]
        return sum(cut) + _GAP * (len(cut) - 1) <= room

    room = get_terminal_size().columns
    for column in droppable:
        if fits(_COMFORTABLE):
            break
        widths.pop(column, None)
    widest = next(filter(fits, range(room, _NARROWEST, -1)), _NARROWEST)
    return table(records, list(widths), widest=widest)


def _width(records: Sequence[Mapping[str, Any]], column: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 - only tables need it

    cells = (line(_text(record.get(column))) for record in records)
    return max(map(cell_len, (_heading(column), *cells)))


def _heading(column: str) -> str:
    return column.replace("_", " ").upper()


def _is_whole(column: str) -> bool:
    """Whether the cells are useless when they are cut, because they are copied."""
    return column.rpartition("_")[2] in ("id", "path", "file")


def _write_lines(records: Sequence[Mapping[str, Any]], columns: Sequence[str], *, header: bool) -> None:
    if records and header:
        _write("\t".join(columns))
    for record in records:
        _write("\t".join(line(_text(record.get(column))) for column in columns))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
