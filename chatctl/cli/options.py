"""The options that every command takes: after the command, where people type them, and before it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Annotated, Any, TypeVar

import typer
import typer.core
import typer.main

from chatctl.errors import Invalid
from chatctl.settings import Settings, load


class OutputFormat(StrEnum):
    """How rows and documents are written to stdout."""

    table = "table"
    plain = "plain"
    json = "json"
    ndjson = "ndjson"
    yaml = "yaml"
    csv = "csv"
    id = "id"


# What a command can give: a document, that is one result of any shape; rows, each of the same flat columns;
# rows that have an id each; or nothing, where another program writes to stdout.
Formats = frozenset[OutputFormat]
DOCUMENT: Formats = frozenset(
    {OutputFormat.table, OutputFormat.plain, OutputFormat.json, OutputFormat.ndjson, OutputFormat.yaml}
)
ROWS: Formats = DOCUMENT | {OutputFormat.csv}
ROWS_WITH_IDS: Formats = ROWS | {OutputFormat.id}
NO_FORMATS: Formats = frozenset()


@dataclass(frozen=True)
class Options:
    """What was said in the shared options; a value given after the command wins over one before it."""

    db_url: str | None = None
    target: str | None = None
    output: OutputFormat | None = None
    quiet: bool = False
    yes: bool = False
    debug: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The target and the project, read once for a command. Raises what ``settings.load`` raises."""
        return load(db_url=self.db_url, target=self.target)


def options(ctx: typer.Context, *, formats: Formats | None = None) -> Options:
    """The shared options of the command that runs in ``ctx``; to be read before it does anything.

    ``formats`` are those that it can give with its other options, where these are fewer than it declares.
    Raises Invalid for an output format that it cannot give.
    """
    chosen = Options(**(ctx.obj or {}))
    declared: Formats = ctx.command.formats  # type: ignore[attr-defined]  # App makes no other commands
    possible = declared if formats is None else formats
    if chosen.output and chosen.output not in possible:
        raise Invalid(
            f"-o {chosen.output}: `{ctx.command_path}` cannot give that format",
            hint=f"it can give {_names(possible, ', ')}" if possible else "it takes no -o",
        )
    return chosen


def _names(formats: Formats, separator: str) -> str:
    return separator.join(each for each in OutputFormat if each in formats)


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
    output: Annotated[OutputFormat | None, _option("-o", "--output", help="How to write the result.")] = None,
    quiet: Annotated[bool | None, _option("-q", "--quiet", help="Only errors on stderr.")] = None,
    yes: Annotated[bool | None, _option("-y", "--yes", help="Write to a target that is not local.")] = None,
    debug: Annotated[bool | None, _option("--debug", help="Show the traceback of an error.")] = None,
) -> None: ...


@cache
def _template() -> tuple[Any, ...]:
    template = typer.Typer(add_completion=False)
    template.command()(_shared)
    return tuple(p for p in typer.main.get_command(template).params if p.name != "help")


@cache
def _shared_params(formats: Formats) -> tuple[Any, ...]:
    """The shared options as a command that gives ``formats`` takes and explains them."""
    params = []
    for param in map(copy, _template()):
        if param.name == "output":
            if not formats:
                continue
            param.metavar = f"<{_names(formats, '|')}>"
        params.append(param)
    return tuple(params)


class Command(typer.core.TyperCommand):
    """A command that takes the shared options beside its own; ``App.command`` says which formats it gives."""

    formats: Formats

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, params=[*(params or []), *_shared_params(self.formats)], **kwargs)


class CommandGroup(typer.core.TyperGroup):
    """A group of commands that takes the shared options before its command.

    ``formats`` are those of the group itself, where it runs without a command.
    """

    formats: Formats = NO_FORMATS

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        # Whatever the command can give that comes after it.
        shared = _shared_params(self.formats or frozenset(OutputFormat))
        super().__init__(*args, params=[*(params or []), *shared], **kwargs)


_Class = TypeVar("_Class", bound=type)


def _giving(formats: Formats, cls: _Class) -> _Class:
    # Typer makes commands itself, from a class and the parameters it knows.
    return type(cls)(cls.__name__, (cls,), {"formats": formats})


class App(typer.Typer):
    """A Typer whose commands and groups take the shared options; plain help, so that it starts fast.

    ``formats`` are those of a group that runs without a command.
    """

    def __init__(self, *, formats: Formats = NO_FORMATS, **kwargs: Any) -> None:
        kwargs["cls"] = _giving(formats, kwargs.get("cls", CommandGroup))
        kwargs.setdefault("no_args_is_help", True)
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(add_completion=False, rich_markup_mode=None, **kwargs)

    def command(  # type: ignore[override]  # no command without its formats
        self, name: str | None = None, *, formats: Formats, **kwargs: Any
    ) -> Callable[[Any], Any]:
        return super().command(name, cls=_giving(formats, Command), **kwargs)
