"""Files in DOC and XLS format, the binary formats of Office 97 to 2003: streams in a compound file.

They follow [MS-CFB], [MS-DOC] and [MS-XLS], with the minimum that readers require. LibreOffice, antiword and
xlrd open them; Microsoft Office has not been tried.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from struct import pack
from uuid import UUID

from chatctl.services.seed.files.documents import LINES, TABLE

# The compound file ------------------------------------------------------------------------------------------

_SECTOR = 512
_SHORTEST = 4096  # a stream; a shorter one would need a separate allocation table
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_WORD = UUID("00020906-0000-0000-c000-000000000046")
_EXCEL = UUID("00020820-0000-0000-c000-000000000046")
_NONE = UUID(int=0)


def _compound(kind: UUID, streams: dict[str, bytes]) -> bytes:
    """A compound file of one or two streams, the shorter name first: table, directory, then the streams."""
    table = [_TABLE, _END]
    directory = _entry("Root Entry", 5, child=len(streams), kind=kind)
    contents = b""
    for number, (name, data) in enumerate(streams.items()):
        size = max(_SHORTEST, -(-len(data) // _SECTOR) * _SECTOR)
        # The last stream is the child of the root; the previous one is its left sibling.
        directory += _entry(name, 2, left=number or _FREE, start=len(table), size=size)
        table += [*range(len(table) + 1, len(table) + size // _SECTOR), _END]
        contents += data.ljust(size, b"\0")
    header = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + bytes(16)
        + pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
        + pack("<IIIIIIIII", 0, 1, 1, 0, _SHORTEST, _END, 0, _END, 0)
        + pack("<109I", 0, *[_FREE] * 108)
    )
    table += [_FREE] * (128 - len(table))
    unused = pack("<68xIII48x", _FREE, _FREE, _FREE)
    return header + pack("<128I", *table) + directory + unused * (3 - len(streams)) + contents


def _entry(
    name: str,
    type: int,
    *,
    left: int = _FREE,
    child: int = _FREE,
    kind: UUID = _NONE,
    start: int = _END,
    size: int = 0,
) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    links = pack("<HBBIII", len(text), type, 1, left, _FREE, child)
    return text.ljust(64, b"\0") + links + kind.bytes_le + bytes(20) + pack("<IQ", start, size)


# The table --------------------------------------------------------------------------------------------------


def xls(name: str) -> bytes:
    """An XLS table of a few rows for Excel 97, with ``name`` above them."""
    font = _record(0x31, pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + _short("Arial"))
    style, plain = (_record(0xE0, pack("<HHHB11xH", 0, 0, flags, 0x20, 0x20C0)) for flags in (0xFFF5, 1))
    head = (
        _begin(5)
        + _record(0x42, pack("<H", 1200))
        + _record(0x3D, pack("<9H", 0, 0, 0x3000, 0x2000, 0x38, 0, 0, 1, 600))
        + font * 4
        + style * 15  # the sixteenth format is the default of cells
        + plain
        + _record(0x293, pack("<HBB", 0x8000, 0, 0xFF))
    )
    sheet = pack("<H", 0) + _short("Budget")
    end = _record(0x0A)
    start = len(head) + len(_record(0x85, bytes(4) + sheet)) + len(end)
    rows = [(name,), *TABLE]
    return _compound(
        _EXCEL,
        {
            "Workbook": head
            + _record(0x85, pack("<I", start) + sheet)
            + end
            + _begin(0x10)
            + _record(0x200, pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
            + b"".join(_cell(y, x, value) for y, row in enumerate(rows) for x, value in enumerate(row))
            + _record(0x23E, pack("<HHHH10x", 0x6B6, 0, 0, 0x40))
            + end
        },
    )


def _record(type: int, data: bytes = b"") -> bytes:
    return pack("<HH", type, len(data)) + data


def _begin(what: int) -> bytes:
    return _record(0x809, pack("<HHHHII", 0x600, what, 0xDBB, 0x7CC, 0xC1, 6))


def _short(text: str) -> bytes:
    return pack("<BB", len(text), 1) + text.encode("utf-16-le")


def _cell(row: int, column: int, value: str | int) -> bytes:
    place = pack("<HHH", row, column, 15)
    if isinstance(value, int):
        return _record(0x203, place + pack("<d", value))
    return _record(0x204, place + pack("<HB", len(value), 1) + value.encode("utf-16-le"))


# The letter -------------------------------------------------------------------------------------------------

_TEXT = 1024  # offset of the text, after the file information block
_RUNS, _PARAGRAPHS, _PAGES = 4, 5, 6  # the sectors after the text


def doc(name: str) -> bytes:
    """A DOC letter of a few lines for Word 97."""
    lines = [f"{line}\r".encode("utf-16-le") for line in (name, *LINES)]
    marks = list(accumulate(map(len, lines), initial=_TEXT))
    end = marks[-1]
    length = (end - _TEXT) // 2
    text, range_of_text = pack("<II", 0, length), pack("<II", _TEXT, end)
    # By their index among the offsets and lengths in the file information block.
    parts = {
        1: _styles(),
        6: text + pack("<HiHI", 0, -1, 0, 0),  # one section
        12: range_of_text + pack("<I", _RUNS),
        13: range_of_text + pack("<I", _PARAGRAPHS),
        15: _fonts(),
        31: pack("<10xHHH484x", 720, 0, 360),  # document properties: only tabs and hyphenation
        33: pack("<BI", 2, 16) + text + pack("<HIH", 0, _TEXT, 0),  # the text is one piece
    }
    places = dict(zip(parts, pairwise(accumulate(map(len, parts.values()), initial=0)), strict=True))
    spans = [places.get(number, (0, 0)) for number in range(93)]
    description = (
        pack("<HHHHHHHIBBHHII", 0xA5EC, 0xC1, 0, 0x409, 0, 0x1200, 0xBF, 0, 0, 0, 0, 0, _TEXT, end)
        + pack("<H26xHH", 14, 0x409, 22)
        + pack("<I8xI72x", _PAGES * _SECTOR, length)
        + pack("<H", len(spans))
        + b"".join(pack("<II", start, stop - start) for start, stop in spans)
        + pack("<H", 0)
    )
    letter = (
        (description.ljust(_TEXT, b"\0") + b"".join(lines)).ljust(_RUNS * _SECTOR, b"\0")
        + _page(range_of_text + b"\0", 1)
        + _page(pack(f"<{len(marks)}I", *marks) + bytes(13 * len(lines)), len(lines))
    )
    return _compound(_WORD, {"1Table": b"".join(parts.values()), "WordDocument": letter})


def _page(what: bytes, number: int) -> bytes:
    return what.ljust(_SECTOR - 1, b"\0") + bytes((number,))


def _styles() -> bytes:
    """The style sheet: the style Normal, and fourteen reserved empty entries."""
    rest = pack("<H", 6) + "Normal\0".encode("utf-16-le") + pack("<HHH", 2, 0, 0)
    normal = pack("<HHHHH", 0, 0xFFF1, 2, 10 + len(rest), 0) + rest
    head = pack("<10H", 18, 15, 10, 1, 0x5B, 15, 0, 0, 0, 0)
    return head + pack("<H", len(normal)) + normal + pack("<14H", *[0] * 14)


def _fonts() -> bytes:
    font = pack("<BhBB34x", 0x16, 400, 0, 0) + "Times New Roman\0".encode("utf-16-le")
    return pack("<HHB", 1, 0, len(font)) + font
