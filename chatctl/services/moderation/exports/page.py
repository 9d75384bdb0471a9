"""The page of an export: self-contained, without scripts, written row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from chatctl.formats.html import policy_hash, text
from chatctl.services.moderation.exports.sections import ExportRow, ExportSection, as_text, cell

_TRANSCRIPT = "messages"  # the section that is not a table


@contextmanager
def written(file: TextIO, title: str) -> Iterator[ExportPage]:
    """A page whose end is written after the block."""
    page = ExportPage(file, title)
    yield page
    page.end()


class ExportPage:
    """Writes the sections one after the other."""

    def __init__(self, file: TextIO, title: str) -> None:
        self._file = file
        self._close = ""  # the end of the current section
        self._day = ""
        style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
        rules = ("default-src", "base-uri", "form-action")
        policy = f"style-src 'sha256-{policy_hash(style)}'" + "".join(f"; {rule} 'none'" for rule in rules)
        file.write(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
            f"<title>{text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
            f"<h1><bdi>{text(title)}</bdi></h1>\n"
        )

    def begin(self, section: ExportSection, columns: Sequence[str]) -> None:
        self._file.write(f"{self._close}<h2>{text(section.title)}</h2>\n")
        self._is_transcript = section.name == _TRANSCRIPT
        if self._is_transcript:
            self._close = ""
        else:
            head = "".join(f"<th>{text(name.replace('_', ' '))}</th>" for name in columns)
            self._file.write(f"<table>\n<tr>{head}</tr>\n")
            self._close = "</table>\n"

    def row(self, row: ExportRow) -> None:
        if self._is_transcript:
            self._file.writelines(self._message(row))
        else:
            cells = "".join(f"<td><bdi>{text(cell(value))}</bdi></td>" for value in row.values())
            self._file.write(f"<tr>{cells}</tr>\n")

    def end(self) -> None:
        self._file.write(f"{self._close}<footer>Times are in UTC.</footer>\n</body>\n</html>\n")

    def _message(self, message: ExportRow) -> Iterator[str]:
        sent = as_text(message["created_at"])
        day, time = sent[:10], sent[11:19]
        if day != self._day:
            self._day = day
            yield f"<h3>{day}</h3>\n"
        yield f'<article id="{text(str(message["id"]))}"><p class="head">'
        if "sender_name" in message:
            yield f"<b><bdi>{text(message['sender_name'] or 'somebody who was erased')}</bdi></b> "
        else:
            yield f"in {text(str(message['conversation_id']))} "
        yield f'<time datetime="{sent}">{time}</time> · {message["seq"]}'
        if message["deleted_at"] is not None:
            verb = "redacted" if message["redacted_at"] is not None else "deleted"
            yield f' · <span class="gone">{verb} {as_text(message["deleted_at"])}</span>'
        yield "</p>\n"
        if message["content"]:
            yield f'<p class="content" dir="auto">{text(message["content"], keep_lines=True)}</p>\n'
        yield from _files(message)
        counts = Counter(str(entry.get("emoji")) for entry in message.get("reactions") or [])
        if counts:
            shown = " ".join(f"<bdi>{text(emoji)}</bdi> {count}" for emoji, count in counts.items())
            yield f'<p class="more">{shown}</p>\n'
        yield "</article>\n"


def _files(message: ExportRow) -> Iterator[str]:
    attachments: Sequence[Any] = message["attachments"] or []
    if attachments:
        names = ", ".join(f"<bdi>{text(str(each.get('name')))}</bdi>" for each in attachments)
        yield f'<p class="more">Attached: {names}</p>\n'
    for path in message["files"]:
        yield f'<p class="more"><a href="{quote(path)}">{text(path)}</a></p>\n'
