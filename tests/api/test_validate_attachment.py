"""The Edge Function validate-attachment."""

from __future__ import annotations

import socket
from collections.abc import Callable

import httpx
import pytest

from tests.support import attachments as samples
from tests.support.edge_functions import needs_deno, refused

pytestmark = needs_deno


MAX_SIZE = 10 * 1024 * 1024

FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "photo.jpg": ("image/jpeg", samples.jpeg),
    "photo.JPEG": ("image/jpeg", samples.jpeg),
    "pixel.png": ("image/png", samples.png),
    "pixel.gif": ("image/gif", samples.gif),
    "pixel.webp": ("image/webp", samples.webp),
    "paper.pdf": ("application/pdf", samples.pdf),
    "letter.doc": ("application/msword", samples.doc),
    "letter.docx": (samples.DOCX, samples.docx),
    "table.xls": ("application/vnd.ms-excel", samples.xls),
    "table.xlsx": (samples.XLSX, samples.xlsx),
}


def submit(client: httpx.Client, name: str, content: bytes, mime: str) -> httpx.Response:
    return client.post("/", files={"file": (name, content, mime)})


@pytest.mark.parametrize("name", FILES)
def test_each_allowed_type_is_accepted(attachment: httpx.Client, name: str) -> None:
    mime, make = FILES[name]
    response = submit(attachment, name, make(), mime)
    assert (response.status_code, response.json()) == (
        200,
        {"valid": True, "type": mime, "size": len(make())},
    )
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("name", FILES)
def test_bytes_of_one_type_are_refused_under_every_other_type(attachment: httpx.Client, name: str) -> None:
    mime, make = FILES[name]
    for other, (declared, _) in FILES.items():
        if declared != mime:
            error = refused(submit(attachment, other, make(), declared), "INVALID_FILE_TYPE")
            assert error["details"] == {"type": declared, "found": mime}


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        *(("run.exe", "application/x-msdownload"), ("page.svg", "image/svg+xml"), ("page.html", "text/html")),
        *(("notes.txt", "text/plain"), ("none.png", ""), ("pixel.png", "image"), ("pixel.png", "IMAGE/PNG2")),
    ],
)
def test_other_types_are_refused_with_the_list_of_allowed_types(
    attachment: httpx.Client, name: str, mime: str
) -> None:
    error = refused(submit(attachment, name, samples.png(), mime), "INVALID_FILE_TYPE")
    assert set(error["details"]["allowed"]) == {allowed for allowed, _ in FILES.values()}


def test_the_type_may_have_capitals_and_parameters(attachment: httpx.Client) -> None:
    assert (
        submit(attachment, "a.png", samples.png(), "Image/PNG; charset=binary").json()["type"] == "image/png"
    )


@pytest.mark.parametrize(
    "name", ["pixel.exe", "pixel", "pixel.png.exe", "pixel.jpg", "png", ".", "pixel.png."]
)
def test_the_file_extension_must_match_the_type(attachment: httpx.Client, name: str) -> None:
    error = refused(submit(attachment, name, samples.png(), "image/png"), "INVALID_FILE_TYPE")
    assert error["details"]["expected"] == ["png"]


@pytest.mark.parametrize("name", ["../pixel.png", "a\\pixel.png", "virus.exe\0.png", "a\x1b[2Jb.png"])
def test_a_name_with_a_special_meaning_elsewhere_is_refused(attachment: httpx.Client, name: str) -> None:
    raw = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"\r\n'
        b"Content-Type: image/png\r\n\r\n" + samples.png() + b"\r\n--b--\r\n"
    )
    response = attachment.post("/", content=raw, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert response.status_code == 400, response.json()


POLYGLOTS: dict[str, tuple[str, str, bytes]] = {
    "a JAR behind a GIF": ("a.gif", "image/gif", samples.gif() + samples.archive("Main.class")),
    "a JAR behind a JPEG": ("a.jpg", "image/jpeg", samples.jpeg() + samples.archive("Main.class")),
    "a JAR behind a PDF": ("a.pdf", "application/pdf", samples.pdf() + samples.archive("Main.class")),
    "a page inside a JPEG": ("a.jpg", "image/jpeg", samples.jpeg(b"<ScRiPt>alert(1)</script>")),
    "PHP inside a JPEG": ("a.jpg", "image/jpeg", samples.jpeg(b"<?php system($_GET[0]);")),
    "a PDF inside a JPEG": ("a.jpg", "image/jpeg", samples.jpeg(b"%PDF-1.4 ")),
    "text behind a PNG": ("a.png", "image/png", samples.png() + b"<script>"),
    "something in front of a PDF": ("a.pdf", "application/pdf", b"MZ" + samples.pdf()),
    "something in front of a document": ("a.docx", samples.DOCX, b"MZ" + samples.docx()),
    "something behind a document": ("a.docx", samples.DOCX, samples.docx() + b"MZ"),
    "two documents in one": ("a.docx", samples.DOCX, samples.docx("xl/workbook.xml")),
    "a document in front of an archive": (
        "a.docx",
        samples.DOCX,
        samples.docx() + samples.archive("Main.class"),
    ),
    "a document with macros": ("a.docx", samples.DOCX, samples.docx("word/vbaProject.bin")),
    "a document that climbs out": ("a.xlsx", samples.XLSX, samples.xlsx("../../etc/cron.d/x")),
    "any archive": ("a.docx", samples.DOCX, samples.archive("word/document.xml", "a.txt")),
    "an archive with a mimetype": (
        "a.docx",
        samples.DOCX,
        samples.archive("[Content_Types].xml", "ppt/presentation.xml"),
    ),
    "an installer": ("a.doc", "application/msword", samples.compound("\u4840\u3f3f\u4577")),
    "letter and table in one": ("a.doc", "application/msword", samples.compound("WordDocument", "Workbook")),
    "a storage named like a letter": ("a.doc", "application/msword", samples.compound(nested="WordDocument")),
    "a magic number alone": ("a.doc", "application/msword", samples.doc()[:8]),
    "the magic number of a JPEG": ("a.jpg", "image/jpeg", b"\xff\xd8\xff\xe0"),
    "the magic number of a PNG": ("a.png", "image/png", samples.png()[:8]),
    "the magic number of a GIF": ("a.gif", "image/gif", b"GIF89a/*"),
    "a film in the clothes of a WEBP": ("a.webp", "image/webp", samples.webp().replace(b"WEBP", b"AVI ")),
}


@pytest.mark.parametrize("what", POLYGLOTS)
def test_a_file_with_more_than_its_declared_content_is_refused(attachment: httpx.Client, what: str) -> None:
    name, mime, content = POLYGLOTS[what]
    refused(submit(attachment, name, content, mime), "INVALID_FILE_TYPE")


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused_without_a_crash(attachment: httpx.Client, name: str) -> None:
    mime, make = FILES[name]
    whole = make()
    end = len(whole.rstrip(b"\n"))  # a PDF need not end with a line break
    for length in {1, 2, 3, 7, 8, 9, 20, 26, len(whole) // 2, end - 1}:
        refused(submit(attachment, name, whole[:length], mime), "INVALID_FILE_TYPE")


def test_a_document_may_embed_a_table(attachment: httpx.Client) -> None:
    assert submit(attachment, "a.doc", samples.doc("Workbook"), "application/msword").status_code == 200
    embedded = samples.docx("word/embeddings/Microsoft_Excel_Worksheet.xlsx")
    assert submit(attachment, "a.docx", embedded, samples.DOCX).status_code == 200


def test_a_photo_may_have_trailing_data_that_cameras_append(attachment: httpx.Client) -> None:
    assert submit(attachment, "a.jpg", samples.jpeg() + b"\0\0SEFT" * 20, "image/jpeg").status_code == 200


def test_the_directory_of_a_nine_megabyte_document_is_found(attachment: httpx.Client) -> None:
    content = samples.compound("a", "b", "c", "d", "e", "WordDocument", filler=9 << 11)
    assert len(content) > 9 << 20
    assert submit(attachment, "a.doc", content, "application/msword").status_code == 200


def test_a_circular_chain_of_sectors_ends(attachment: httpx.Client) -> None:
    content = bytearray(samples.doc())  # two links that point to themselves:
    content[512 + 4 : 512 + 8] = (1).to_bytes(4, "little")  # the directory's first sector
    content[1024 + 128 + 72 : 1024 + 128 + 76] = (1).to_bytes(4, "little")  # its first entry
    refused(submit(attachment, "a.doc", bytes(content), "application/msword"), "INVALID_FILE_TYPE")


def big_jpeg(size: int) -> bytes:
    return samples.jpeg() + bytes(size - len(samples.jpeg()))


def test_ten_megabytes_are_accepted_and_one_more_byte_is_refused(attachment: httpx.Client) -> None:
    assert submit(attachment, "a.jpg", big_jpeg(MAX_SIZE), "image/jpeg").json()["size"] == MAX_SIZE
    error = refused(submit(attachment, "a.jpg", big_jpeg(MAX_SIZE + 1), "image/jpeg"), "FILE_TOO_LARGE")
    assert error["details"] == {"max_size": MAX_SIZE}
    assert error["message"] == "File must be smaller than 10MB"


def raw_request(client: httpx.Client, *headers: str) -> socket.socket:
    """A connection on which the request line and headers of a POST were sent."""
    connection = socket.create_connection((client.base_url.host, client.base_url.port), timeout=30)
    head = ["POST / HTTP/1.1", "Host: x", "Authorization: Bearer a.b.c", *headers]
    head.append("Content-Type: multipart/form-data; boundary=b")
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    return connection


def test_a_huge_body_is_refused_by_its_content_length(attachment: httpx.Client) -> None:
    with raw_request(attachment, f"Content-Length: {10**12}") as connection:
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"FILE_TOO_LARGE" in answer or b"FILE_TOO_LARGE" in connection.recv(65536)


def test_a_huge_body_of_unknown_length_is_refused_before_it_ends(attachment: httpx.Client) -> None:
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    with raw_request(attachment, "Transfer-Encoding: chunked") as connection:
        for _ in range(11):  # 11 MB of a body that never ends
            connection.sendall(chunk)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")


def test_an_empty_file_is_refused(attachment: httpx.Client) -> None:
    error = refused(submit(attachment, "a.png", b"", "image/png"), "VALIDATION_ERROR")
    assert error["message"] == "The file is empty"


def test_the_field_file_must_hold_exactly_one_file(attachment: httpx.Client) -> None:
    part = ("a.png", samples.png(), "image/png")
    assert (
        refused(attachment.post("/", files={"other": part}), "VALIDATION_ERROR")["message"]
        == "No file provided"
    )
    refused(attachment.post("/", files=[("file", part), ("file", part)]), "VALIDATION_ERROR")
    form = '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\njust text\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    refused(attachment.post("/", content=form, headers=headers), "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        *(
            ("application/json", b"{}"),
            ("", b""),
            ("multipart/form-data", b"x"),
            ("image/png", samples.png()),
        ),
        *(("multipart/form-data; boundary=b", b""), ("multipart/form-data; boundary=b", b"--b\r\nnonsense")),
        ("application/x-www-form-urlencoded", b"file=x"),
    ],
)
def test_a_body_that_is_not_a_form_is_refused(
    attachment: httpx.Client, content_type: str, body: bytes
) -> None:
    response = attachment.post("/", content=body, headers={"Content-Type": content_type})
    refused(response, "VALIDATION_ERROR")
