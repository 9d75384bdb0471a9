"""The options that every command takes: after the command, where people type them, and before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

import typer
import typer.core
import typer.main


class Format(StrEnum):
    """How rows and documents are written to stdout."""

    table = "table"
    plain = "plain"
    json = "json"
    ndjson = "ndjson"
    yaml = "yaml"
    csv = "csv"
    id = "id"


@dataclass(frozen=True)
class Options:
    """What was said in the shared options; a value given after the command wins over one before it."""

    db_url: str | None = None
    target: str | None = None
    output: Format | None = None
    quiet: bool = False
    verbose: bool = False
    yes: bool = False
    debug: bool = False


def options(ctx: typer.Context) -> Options:
    """The shared options of the command that runs in ``ctx``."""
    return Options(**(ctx.obj or {}))


def _remember(ctx: typer.Context, param: typer.CallbackParam, value: Any) -> None:
    if value is not None:
        ctx.ensure_object(dict)[param.name] = value


def _option(*names: str, help: str) -> Any:
    return typer.Option(
        *names,
        help=help,
        callback=_remember,
        expose_value=False,
        show_default=False,
        rich_help_panel="Shared",
    )


def _shared(
    db_url: Annotated[str | None, _option("--db-url", help="The database, as a postgresql:// URL.")] = None,
    target: Annotated[str | None, _option("--target", help="A target of chatctl.yaml.")] = None,
    output: Annotated[Format | None, _option("-o", "--output", help="How to write the result.")] = None,
    quiet: Annotated[bool | None, _option("-q", "--quiet", help="Only errors on stderr.")] = None,
    verbose: Annotated[bool | None, _option("-v", "--verbose", help="More on stderr.")] = None,
    yes: Annotated[bool | None, _option("-y", "--yes", help="Write to a target that is not local.")] = None,
    debug: Annotated[bool | None, _option("--debug", help="Show the traceback of an error.")] = None,
) -> None: ...


@cache
def _shared_params() -> tuple[Any, ...]:
    template = typer.Typer(add_completion=False)
    template.command()(_shared)
    return tuple(p for p in typer.main.get_command(template).params if p.name != "help")


class Command(typer.core.TyperCommand):
    """A command that takes the shared options beside its own."""

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, params=[*(params or []), *_shared_params()], **kwargs)


class Group(typer.core.TyperGroup):
    """A group of commands that takes the shared options before its command."""

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, params=[*(params or []), *_shared_params()], **kwargs)


class App(typer.Typer):
    """A Typer whose commands and groups take the shared options; plain help, so that it starts fast."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("cls", Group)
        kwargs.setdefault("no_args_is_help", True)
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(add_completion=False, rich_markup_mode=None, **kwargs)

    def command(self, name: str | None = None, **kwargs: Any) -> Callable[[Any], Any]:
        kwargs.setdefault("cls", Command)
        return super().command(name, **kwargs)
