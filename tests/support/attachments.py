"""Small real files of each attachment type, and some that only look real."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from zipfile import ZipFile

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def jpeg(comment: bytes = b"") -> bytes:
    """A comment, a frame and a scan."""
    segments = [(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")]
    if comment:
        segments.append((0xFE, comment))
    segments += [(0xC0, b"\x08\0\1\0\1\1\1\x11\0"), (0xDA, b"\1\1\0\0\x3f\0")]
    body = b"".join(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return b"\xff\xd8" + body + b"\x2a\xff\xd9"


def png() -> bytes:
    """A single grey pixel."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def gif() -> bytes:
    """A single pixel, a palette of two colours, and a comment."""
    return bytes.fromhex(
        "474946383961 0100 0100 800000 000000 ffffff"
        " 21fe 02 6869 00"
        " 2c 0000 0000 0100 0100 00 02 02 4401 00 3b"
    )


def webp() -> bytes:
    """A single lossless pixel."""
    chunk = b"VP8L" + struct.pack("<I", 10) + bytes.fromhex("2f00000000071000110f")
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def pdf() -> bytes:
    """No pages, only header and trailer."""
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def archive(*names: str, comment: bytes = b"") -> bytes:
    """A ZIP archive with these file names."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "<x/>")
        file.comment = comment
    return buffer.getvalue()


def docx(*more: str) -> bytes:
    return archive("[Content_Types].xml", "_rels/.rels", "word/document.xml", *more)


def xlsx(*more: str) -> bytes:
    return archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", *more)


def compound(*streams: str, nested: str = "", filler: int = 0) -> bytes:
    """An OLE2 file with these streams in its root, and one in a storage if ``nested`` is given.

    The directory comes after ``filler`` sectors of 512 bytes.
    """
    none, last, table_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

    def entry(name: str, kind: int, right: int = none, child: int = none) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(text), kind, 1, none, right, child)
            + bytes(36)
            + struct.pack("<IQ", last, 0)
        )

    names = [(name, 2) for name in streams] + ([("ObjectPool", 1)] if nested else [])
    entries = [entry("Root Entry", 5, child=1)]
    for number, (name, kind) in enumerate(names, start=1):
        right = number + 1 if number < len(names) else none
        entries.append(entry(name, kind, right, len(names) + 1 if kind == 1 else none))
    if nested:
        entries.append(entry(nested, 2))
    while len(entries) % 4:
        entries.append(bytes(128))

    # The allocation table, the list of its sectors that the header cannot hold, the filler, the directory.
    tables = lists = 0
    while tables * 128 < tables + lists + filler + len(entries) // 4:
        tables += 1
        lists = -(-max(0, tables - 109) // 127)
    directory = tables + lists + filler
    total = directory + len(entries) // 4
    chain = (
        [table_mark] * tables + [0xFFFFFFFC] * lists + [last] * filler + [*range(directory + 1, total), last]
    )
    listed = [*range(tables), *[none] * (109 - tables)]
    more = b"".join(
        struct.pack("<127I", *(listed[at : at + 127] + [none] * 127)[:127])
        + struct.pack("<I", last if at + 127 >= len(listed) else tables + (at - 109) // 127 + 1)
        for at in range(109, len(listed), 127)
    )
    header = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + bytes(16)
        + struct.pack("<HHHHH6xI", 0x3E, 3, 0xFFFE, 9, 6, 0)
        + struct.pack("<IIIIIIII", tables, directory, 0, 4096, last, 0, tables if lists else last, lists)
        + struct.pack("<109I", *listed[:109])
    )
    table = b"".join(struct.pack("<I", value) for value in chain).ljust(512 * tables, b"\xff")
    return header + table + more + bytes(512 * filler) + b"".join(entries)


def doc(nested: str = "") -> bytes:
    return compound("1Table", "WordDocument", "\x05SummaryInformation", nested=nested)


def xls(nested: str = "") -> bytes:
    return compound("Workbook", nested=nested)
