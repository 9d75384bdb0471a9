"""The files of a world are valid, and the same everywhere.

Their bytes are pinned: Pillow, pypdf, python-docx, openpyxl, xlrd, olefile, antiword and LibreOffice opened
exactly these, and tests/api/test_seed_bucket.py checks them with the validation of the backend.
"""

from __future__ import annotations

import re
import struct
import zlib
from hashlib import sha256
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from chatctl.services.seed import corpus
from chatctl.services.seed.files import content

NAME = "an é, a (2) and a <b>"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PINNED = {
    "image/jpeg": "385084f6701b2b2d",
    "image/png": "95d5af48f81f4528",
    "image/gif": "c0872599419efe42",
    "image/webp": "ffdd0f460526c785",
    "application/pdf": "c07d43c9e0e54ea8",
    "application/msword": "b5e6fc3801a7daf5",
    "application/vnd.ms-excel": "5304634cce677196",
    DOCX: "fb7a67c96ac69e4a",
    XLSX: "78e31e958224e17b",
}


@pytest.mark.parametrize("kind", PINNED)
def test_the_bytes_are_the_same_on_every_machine(kind: str) -> None:
    assert sha256(content(NAME, kind)).hexdigest()[:16] == PINNED[kind]


def test_every_file_of_the_corpus_is_small() -> None:
    sizes = {len(content(*file)) for file in corpus.FILES}
    assert 200 < min(sizes) <= max(sizes) < 10_000
    assert len({content(*file) for file in corpus.FILES}) == len(corpus.FILES)


def test_a_png_has_only_pixels_of_its_two_colours() -> None:
    file = content(NAME, "image/png")
    chunks, at = {}, 8
    while at < len(file):
        (size,) = struct.unpack(">I", file[at : at + 4])
        kind, data = file[at + 4 : at + 8], file[at + 8 : at + 8 + size]
        assert file[at + 8 + size : at + 12 + size] == struct.pack(">I", zlib.crc32(kind + data))
        chunks[kind] = data
        at += 12 + size
    rows = zlib.decompress(chunks[b"IDAT"])
    assert (len(rows), set(rows[::9]), set(rows)) == (64 * 9, {0}, {0, 255})
    assert len(chunks[b"PLTE"]) == 2 * 3


def test_a_gif_has_the_declared_number_of_pixels_and_no_nine_bit_code() -> None:
    file = content(NAME, "image/gif")
    at, codes = 13 + 3 * 128 + 10 + 1, b""
    while size := file[at]:
        codes += file[at + 1 : at + 1 + size]
        at += 1 + size
    assert (codes[0], codes[-1], file[at:]) == (128, 129, b"\0;")
    assert sum(code < 2 for code in codes) == 64 * 64
    assert max(map(len, codes.split(b"\x80"))) <= 126


def test_a_pdf_has_the_correct_offsets_of_its_objects() -> None:
    file = content(NAME, "application/pdf")
    start = int(file.split(b"startxref\n")[1].split()[0])
    assert file[start:].startswith(b"xref\n0 7\n")
    for number, place in enumerate(re.findall(rb"(\d{10}) 00000 n \n", file), start=1):
        assert file[int(place) :].startswith(b"%d 0 obj\n" % number)
    (length, text) = re.findall(rb"<</Length (\d+)>>\nstream\n(.*)\nendstream", file)[0]
    assert int(length) == len(text)
    assert b"(an \xe9, a \\(2\\) and a <b>) '" in text


@pytest.mark.parametrize("kind", [DOCX, XLSX])
def test_an_office_document_is_a_valid_archive_of_xml(kind: str) -> None:
    with ZipFile(BytesIO(content(NAME, kind))) as archive:
        assert archive.testzip() is None
        parts = [ElementTree.fromstring(archive.read(name)) for name in archive.namelist()]  # noqa: S314 - ours
    assert any(NAME in "".join(part.itertext()) for part in parts)


@pytest.mark.parametrize(
    ("kind", "streams"),
    [("application/msword", ["1Table", "WordDocument"]), ("application/vnd.ms-excel", ["Workbook"])],
)
def test_an_old_document_is_a_compound_file_of_its_streams(kind: str, streams: list[str]) -> None:
    file = content(NAME, kind)
    table = struct.unpack("<128I", file[512:1024])
    named = {}
    for at in range(1024, 1536, 128):
        entry = file[at : at + 128]
        if entry[66] != 2:
            continue  # the root, or unused
        start, size = struct.unpack("<II", entry[116:124])
        data = b""
        while start < 0xFFFFFFFA:
            data += file[(start + 1) * 512 : (start + 2) * 512]
            start = table[start]
        assert len(data) == size
        named[entry[: entry[64] - 2].decode("utf-16-le")] = data
    assert list(named) == streams
    assert NAME.encode("utf-16-le") in named[streams[-1]]
