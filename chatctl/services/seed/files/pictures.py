"""A picture of two colours, derived from its name: 64 by 64 pixels, in cells of 8 by 8."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

_CELL = 8
_SIDE = 64
_PAPER = (250, 248, 240)


class _Picture(NamedTuple):
    """Eight rows of eight cells, True for ink; the right half mirrors the left."""

    cells: list[list[bool]]
    ink: tuple[int, int, int]

    @property
    def pixels(self) -> bytes:
        """One byte per pixel, from the upper left."""
        return bytes(cell for row in self.cells for _ in range(_CELL) for cell in row for _ in range(_CELL))


def _drawn(name: str) -> _Picture:
    digest = sha256(name.encode()).digest()
    halves = [[byte >> bit & 1 == 1 for bit in range(4)] for byte in digest[:8]]
    red, green, blue = (byte & 0x7F for byte in digest[8:11])
    return _Picture([half + half[::-1] for half in halves], (red, green, blue))


def png(name: str) -> bytes:
    """A PNG with one bit per pixel."""
    picture = _drawn(name)
    # The eight pixels of a cell are one byte, and every row begins with its filter type 0 (none).
    rows = [b"\0" + bytes(0xFF * cell for cell in row) for row in picture.cells for _ in range(_CELL)]
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", _SIDE, _SIDE, 1, 3, 0, 0, 0)),
        (b"PLTE", bytes((*_PAPER, *picture.ink))),
        (b"IDAT", _stored(b"".join(rows))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _stored(data: bytes) -> bytes:
    """``data`` of less than 64 KB as a zlib stream without compression."""
    size = len(data)
    return (
        b"\x78\x01\x01"
        + struct.pack("<HH", size, size ^ 0xFFFF)
        + data
        + struct.pack(">I", zlib.adler32(data))
    )


def gif(name: str) -> bytes:
    """A GIF whose codes are bytes: the code table is cleared before codes would need a ninth bit."""
    picture = _drawn(name)
    colours = bytes((*_PAPER, *picture.ink)) + bytes(3 * 126)
    clear, end = 128, 129
    codes = b"".join(bytes((clear,)) + some for some in _pieces(picture.pixels, 120)) + bytes((end,))
    blocks = b"".join(bytes((len(block),)) + block for block in _pieces(codes, 255))
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", _SIDE, _SIDE, 0x80 | 6, 0, 0)
        + colours
        + struct.pack("<BHHHHB", 0x2C, 0, 0, _SIDE, _SIDE, 0)
        + b"\x07"
        + blocks
        + b"\0;"
    )


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def jpeg(name: str) -> bytes:
    """A grey JPEG: each cell is a block, encoded as the difference between its mean and the previous one."""
    picture = _drawn(name)
    dark, light = (_grey(colour) // 2 for colour in (picture.ink, _PAPER))
    bits, last = "", 64  # half of the default grey level
    for cell in (cell for row in picture.cells for cell in row):
        shade = dark if cell else light
        bits += _difference(shade - last) + "0"  # no coefficients except the mean
        last = shade
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    segments = (
        (0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        (0xDB, b"\0" + bytes([16] * 64)),  # for a mean, a step of 16 is two shades of grey
        (0xC0, struct.pack(">BHHB3B", 8, _SIDE, _SIDE, 1, 1, 0x11, 0)),
        (0xC4, b"\0" + bytes([0, 0, 0, 9] + [0] * 12) + bytes(range(9))),  # nine sizes, four bits each
        (0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),  # a code of one bit: end of block
        (0xDA, b"\1\1\0\0\x3f\0"),
    )
    head = b"".join(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return b"\xff\xd8" + head + scan + b"\xff\xd9"


def _grey(colour: tuple[int, int, int]) -> int:
    red, green, blue = colour
    return (299 * red + 587 * green + 114 * blue) // 1000


def _difference(value: int) -> str:
    """The number of bits of ``value`` as four bits, then these bits, inverted for a negative value."""
    size = abs(value).bit_length()
    if size == 0:
        return "0000"
    return f"{size:04b}{value if value > 0 else value + (1 << size) - 1:0{size}b}"


def webp(name: str) -> bytes:
    """A lossless WebP with one bit per channel of a pixel."""
    picture = _drawn(name)
    # The lower of the two values of a channel has the code 0; ink is always darker than paper.
    red, green, blue = map(_code, picture.ink, _PAPER)
    bits = _number(_SIDE - 1, 14) * 2 + "0000" + "000" + green + red + blue + _code(255) + _code(0)
    bits += "".join("000" if pixel else "111" for pixel in picture.pixels)
    data = b"\x2f" + int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def _number(value: int, bits: int) -> str:
    return f"{value:0{bits}b}"[::-1]


def _code(*symbols: int) -> str:
    """A prefix code of one or two symbols."""
    return "1" + _number(len(symbols) - 1, 1) + "1" + "".join(_number(symbol, 8) for symbol in symbols)
