"""The --directory option of the verbs of ``migrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatctl.cli.files import path
from chatctl.data import data_directory
from chatctl.errors import Invalid, NotFound, unreadable

DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        metavar="DIR",
        parser=path,
        show_default=False,
        help="Directory with migrations/ and objects/; default: the sql/ that comes with chatctl.",
    ),
]


def sql_directory(requested: Path | None) -> Path:
    """The ``requested`` directory, else chatctl's own.

    Raises NotFound if it does not exist or has no folder migrations/, Invalid if it cannot be read.
    """
    directory = requested or data_directory("sql")
    if directory.name in ("", ".."):  # messages show the name
        directory = directory.resolve()
    try:
        if directory.exists() and not directory.is_dir():
            raise NotFound(f"{directory} is not a directory")
        if directory / "migrations" not in directory.iterdir():
            raise NotFound(f"{directory} has no folder migrations/")
        # An unreadable folder would look as if it had no files.
        for folder in (directory / "migrations", directory / "objects"):
            if folder.is_dir():
                list(folder.iterdir())
    except OSError as error:
        raise unreadable(str(error.filename or directory), error) from None
    return directory


def own_directory(requested: Path | None) -> Path:
    """``sql_directory`` for writing. Raises Invalid for the directory inside an installed chatctl."""
    directory = sql_directory(requested)
    if requested is None and directory.parent.name == "_data":
        raise Invalid(
            "cannot add files to the sql/ of an installed chatctl; name your own directory with --directory"
        )
    return directory
