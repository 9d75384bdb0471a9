"""Files in PDF, DOCX and XLSX format."""

from __future__ import annotations

import struct
import zlib
from html import escape
from typing import NamedTuple

LINES = (
    "Sample content, written by chatctl seed.",
    "A real file all the same: it opens, and it can be searched.",
)
TABLE: tuple[tuple[str | int, ...], ...] = (
    ("Month", "Planned", "Spent"),
    ("January", 1200, 1130),
    ("February", 1200, 1275),
    ("March", 1500, 1490),
)

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TABLES = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_FORMAT = "application/vnd.openxmlformats-officedocument"
_NEW_YEAR_1980 = 0, 1 << 5 | 1  # the earliest time that a ZIP archive can store


def pdf(name: str) -> bytes:
    """A PDF of one page; ``name`` is its title and, as far as the font has the characters, its first line."""
    lines = (name, "", *LINES)
    text = b"BT /F1 12 Tf 18 TL 72 770 Td %s ET" % b" ".join(map(_shown, lines))
    objects = (
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources <</Font <</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(text), text),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding>>",
        b"<</Title <%s> /Producer (chatctl)>>" % ("\ufeff" + name).encode("utf-16-be").hex().encode(),
    )
    file, places = b"%PDF-1.4\n", b"0000000000 65535 f \n"
    for number, what in enumerate(objects, start=1):
        places += b"%010d 00000 n \n" % len(file)
        file += b"%d 0 obj\n%s\nendobj\n" % (number, what)
    size = len(objects) + 1
    return file + b"xref\n0 %d\n%strailer\n<</Size %d /Root 1 0 R /Info 6 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        *(size, places),
        *(size, len(file)),
    )


def _shown(line: str) -> bytes:
    text = (
        line.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    )
    return b"(" + text + b") '"


class _Part(NamedTuple):
    name: str
    text: str
    type: str | None = None


def docx(name: str) -> bytes:
    """A DOCX letter of a few lines."""
    lines = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in (name, *LINES))
    return _package(
        _Part(
            "word/document.xml",
            f'<w:document xmlns:w="{_WORD}"><w:body>{lines}</w:body></w:document>',
            f"{_FORMAT}.wordprocessingml.document.main+xml",
        )
    )


def xlsx(name: str) -> bytes:
    """An XLSX table of a few rows, with ``name`` above them."""
    rows = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in [(name,), *TABLE])
    return _package(
        _Part(
            "xl/workbook.xml",
            f'<workbook xmlns="{_TABLES}" xmlns:r="{_OFFICE}">'
            '<sheets><sheet name="Budget" sheetId="1" r:id="rId1"/></sheets></workbook>',
            f"{_FORMAT}.spreadsheetml.sheet.main+xml",
        ),
        _Part("xl/_rels/workbook.xml.rels", _relation("worksheet", "worksheets/sheet1.xml")),
        _Part(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{_TABLES}"><sheetData>{rows}</sheetData></worksheet>',
            f"{_FORMAT}.spreadsheetml.worksheet+xml",
        ),
    )


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def _package(main: _Part, *rest: _Part) -> bytes:
    types = "".join(
        f'<Override PartName="/{part.name}" ContentType="{part.type}"/>'
        for part in (main, *rest)
        if part.type
    )
    known = (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>'
    )
    return _archive(
        _Part("[Content_Types].xml", known),
        _Part("_rels/.rels", _relation("officeDocument", main.name)),
        main,
        *rest,
    )


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def _archive(*parts: _Part) -> bytes:
    """A ZIP archive without compression."""
    file, directory = b"", b""
    for part in parts:
        name, data = part.name.encode(), (_XML + part.text).encode()
        sizes = zlib.crc32(data), len(data), len(data), len(name), 0
        head = struct.pack("<HHHHHIIIHH", 20, 0, 0, *_NEW_YEAR_1980, *sizes)
        directory += (
            b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, len(file)) + name
        )
        file += b"PK\3\4" + head + name + data
    end = struct.pack("<HHHHIIH", 0, 0, len(parts), len(parts), len(directory), len(file), 0)
    return file + directory + b"PK\5\6" + end
