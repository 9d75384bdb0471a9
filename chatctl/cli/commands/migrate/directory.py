"""The --directory option of the verbs of ``migrate``."""

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
        help="Directory with migrations/ and objects/; default: the sql/ that comes with chatctl.",
    ),
]


def sql_directory(requested: Path | None) -> Path:
    """The ``requested`` directory, else chatctl's own. Raises NotFound if it has no folder migrations/."""
    directory = requested or data_directory("sql")
    if directory.name in ("", ".."):  # messages show the name
        directory = directory.resolve()
    if not directory.is_dir():
        raise NotFound(
            f"{directory} does not exist" if not directory.exists() else f"{directory} is not a directory"
        )
    if not (directory / "migrations").is_dir():
        raise NotFound(f"{directory} has no folder migrations/")
    return directory


def own_directory(requested: Path | None) -> Path:
    """``sql_directory`` for writing. Raises Invalid for the directory inside an installed chatctl."""
    directory = sql_directory(requested)
    if requested is None and directory.parent.name == "_data":
        raise Invalid(
            "cannot add files to the sql/ of an installed chatctl; name your own directory with --directory"
        )
    return directory
