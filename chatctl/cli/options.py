"""The options that every command takes, both before and after the name of the command."""

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
from chatctl.yamlfile.suggestions import suggestion


class OutputFormat(StrEnum):
    """How rows and documents are written to stdout."""

    table = "table"
    plain = "plain"
    json = "json"
    ndjson = "ndjson"
    yaml = "yaml"
    csv = "csv"
    id = "id"


# The formats for each kind of result: a document (one result of any shape), rows (all with the same flat
# columns), rows with an id, or none if another program writes to stdout.
Formats = frozenset[OutputFormat]
DOCUMENT: Formats = frozenset(
    {OutputFormat.table, OutputFormat.plain, OutputFormat.json, OutputFormat.ndjson, OutputFormat.yaml}
)
ROWS: Formats = DOCUMENT | {OutputFormat.csv}
ROWS_WITH_IDS: Formats = ROWS | {OutputFormat.id}
NO_FORMATS: Formats = frozenset()


@dataclass(frozen=True)
class Options:
    """The values of the shared options; one given after the command overrides one before it."""

    db_url: str | None = None
    target: str | None = None
    output: OutputFormat | None = None
    quiet: bool = False
    yes: bool = False
    debug: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The target and the project, read once per run. Raises the errors of ``settings.load``."""
        return load(db_url=self.db_url, target=self.target)


def options(ctx: typer.Context, *, formats: Formats | None = None) -> Options:
    """The shared options of the command in ``ctx``; call it before the command does anything.

    ``formats`` are the possible formats if other options rule out some that the command declares.
    Raises Invalid for an unsupported output format.
    """
    chosen = Options(**(ctx.obj or {}))
    declared: Formats = ctx.command.formats  # type: ignore[attr-defined]  # set by App
    possible = declared if formats is None else formats
    if chosen.output and chosen.output not in possible:
        raise Invalid(
            f"-o {chosen.output}: `{ctx.command_path}` does not support that format",
            hint=f"supported formats: {_names(possible, ', ')}" if possible else "this command has no -o",
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
    target: Annotated[str | None, _option("--target", help="A target from chatctl.yaml.")] = None,
    output: Annotated[OutputFormat | None, _option("-o", "--output", help="Output format.")] = None,
    quiet: Annotated[bool | None, _option("-q", "--quiet", help="Print only errors to stderr.")] = None,
    yes: Annotated[
        bool | None, _option("-y", "--yes", help="Do not ask before writing to a target that is not local.")
    ] = None,
    debug: Annotated[bool | None, _option("--debug", help="Print the traceback of an error.")] = None,
) -> None: ...


@cache
def _template() -> tuple[Any, ...]:
    template = typer.Typer(add_completion=False)
    template.command()(_shared)
    return tuple(p for p in typer.main.get_command(template).params if p.name != "help")


@cache
def _shared_params(formats: Formats) -> tuple[Any, ...]:
    """The shared options for a command that supports ``formats``."""
    params = []
    for param in map(copy, _template()):
        if param.name == "output":
            if not formats:
                continue
            param.metavar = f"<{_names(formats, '|')}>"
        params.append(param)
    return tuple(params)


class Command(typer.core.TyperCommand):
    """A command with the shared options in addition to its own; ``App.command`` sets its formats.

    ``usage`` is what follows the name in the line of its usage, if the order matters.
    """

    formats: Formats
    usage: str | None = None

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, params=[*(params or []), *_shared_params(self.formats)], **kwargs)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [self.usage] if self.usage else super().collect_usage_pieces(ctx)


class CommandGroup(typer.core.TyperGroup):
    """A group of commands that takes the shared options before the name of the command.

    ``formats`` are those of the group itself if it can run without a command.
    """

    formats: Formats = NO_FORMATS

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        # Without formats of its own, accept any: the command that follows checks the format.
        shared = _shared_params(self.formats or frozenset(OutputFormat))
        super().__init__(*args, params=[*(params or []), *shared], **kwargs)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        commands, name = self.list_commands(ctx), args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            ctx.fail(f"there is no command {name}; {suggestion(name, commands)}")
        return super().resolve_command(ctx, args)


_Class = TypeVar("_Class", bound=type)


def _with_formats(formats: Formats, cls: _Class, **attributes: Any) -> _Class:
    # Typer instantiates the class itself, so the formats are passed as a class attribute.
    return type(cls)(cls.__name__, (cls,), {"formats": formats, **attributes})


class App(typer.Typer):
    """A Typer whose commands and groups take the shared options; help is plain text, which starts faster.

    ``formats`` are those of the group itself if it can run without a command.
    """

    def __init__(self, *, formats: Formats = NO_FORMATS, **kwargs: Any) -> None:
        kwargs["cls"] = _with_formats(formats, kwargs.get("cls", CommandGroup))
        kwargs.setdefault("no_args_is_help", True)
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(add_completion=False, rich_markup_mode=None, **kwargs)

    def command(  # type: ignore[override]  # `formats` is required
        self, name: str | None = None, *, formats: Formats, usage: str | None = None, **kwargs: Any
    ) -> Callable[[Any], Any]:
        return super().command(name, cls=_with_formats(formats, Command, usage=usage), **kwargs)
