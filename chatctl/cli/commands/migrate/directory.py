"""Which files: the option that every verb of ``migrate`` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.data import data_directory
from chatctl.errors import Invalid, NotFound

DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        metavar="DIR",
        show_default=False,
        help="Where migrations/ and objects/ are; by default the sql/ that chatctl carries.",
    ),
]


def sql_directory(given: Path | None) -> Path:
    """The directory ``given``, else chatctl's own. Raises NotFound when it holds no migrations."""
    directory = given or data_directory("sql")
    if directory.name in ("", ".."):  # messages name it
        directory = directory.resolve()
    if not directory.is_dir():
        raise NotFound(
            f"{directory} does not exist" if not directory.exists() else f"{directory} is no directory"
        )
    if not (directory / "migrations").is_dir():
        raise NotFound(f"{directory} has no folder migrations/")
    return directory


def own_directory(given: Path | None) -> Path:
    """``sql_directory`` for writing. Raises Invalid for the one inside an installed chatctl."""
    directory = sql_directory(given)
    if given is None and directory.parent.name == "_data":
        raise Invalid(
            "nothing is added to the files that an installed chatctl carries; name your own with --directory"
        )
    return directory
