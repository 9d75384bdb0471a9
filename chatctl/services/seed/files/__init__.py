"""The content of the files of a world: small valid files with the same bytes on every machine.

They are written without a library and without compression, whose output differs between versions.
"""

from __future__ import annotations

from functools import lru_cache

from chatctl.services.seed.files import documents, office97, pictures

_MAKERS = {
    "image/jpeg": pictures.jpeg,
    "image/png": pictures.png,
    "image/gif": pictures.gif,
    "image/webp": pictures.webp,
    "application/pdf": documents.pdf,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": documents.docx,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": documents.xlsx,
    "application/msword": office97.doc,
    "application/vnd.ms-excel": office97.xls,
}


@lru_cache(maxsize=1024)
def content(name: str, kind: str) -> bytes:
    """The bytes of the file ``name``, up to 10 KB; ``kind`` is a MIME type that the bucket allows."""
    return _MAKERS[kind](name)
