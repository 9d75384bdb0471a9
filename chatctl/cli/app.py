"""The root command: imports the module of a command on first use, and handles all errors."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import typer.main

from chatctl import __version__
from chatctl.cli import streams
from chatctl.cli.files import cannot_write
from chatctl.cli.options import App, CommandGroup, OutputFormat
from chatctl.cli.usage import is_help, usage_error
from chatctl.errors import ChatctlError, Found, Interrupted, Invalid
from chatctl.formats.escaping import visible
from chatctl.secrets import excerpt

# The help lines are repeated here so that `chatctl --help` does not import every command.
COMMANDS = {
    "migrate": "Apply sql/ to a database.",
    "seed": "Fill a database with organizations, users, conversations and messages.",
    "audit-rls": "Check the access rules by impersonating users.",
    "loadtest": "Load-test the backend and check the results against targets.",
    "org": "List and show organizations.",
    "user": "List, show, export, suspend, mute and erase users.",
    "conversation": "List, show, export, lock and repair conversations.",
    "participant": "List, add and remove participants of conversations.",
    "message": "Search, show, delete, restore, redact and purge messages.",
    "apply": "Act on the messages of a plan.",
    "job": "Show, resume and undo acts on many messages.",
    "report": "Work through what users have reported.",
    "hold": "Protect messages from being redacted, purged or erased.",
    "undo": "Undo an action of an operator.",
    "log": "Read and verify the log of what operators did and read.",
    "as": "Show what a user sees.",
    "export": "Verify exported directories.",
    "operator": "Choose the database roles that operators log in with.",
    "stats": "Show how much each organization has, and how much is sent.",
    "demo": "Migrate, seed, audit and load-test a throwaway server.",
    "local": "Run the embedded PostgreSQL server.",
    "completion": "Print what makes bash, zsh or fish complete command lines.",
}
ALIASES = {"conv": "conversation", "msg": "message"}

_MODULES = {"as": "as_user"}  # `as` is a keyword
_MAX_MESSAGE = 4_000  # characters; a message may quote data from a server or a file

EPILOG = """\b
Examples:
  chatctl demo                         everything once, on a throwaway server
  chatctl local up && chatctl migrate  a backend in ./.chatctl
  chatctl migrate status --db-url postgresql://postgres@db.example.com/postgres
  chatctl audit-rls -o json | jq .
"""


class Root(CommandGroup):
    """The group of all commands, each loaded from ``chatctl.cli.commands`` on first use."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        cmd_name = ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"chatctl.cli.commands.{_MODULES.get(cmd_name, cmd_name.replace('-', '_'))}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = App(cls=Root, help="Run a multi-tenant chat backend on Supabase.", epilog=EPILOG)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"chatctl {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


def main() -> NoReturn:
    """Run the command line and exit with its exit code."""
    # By default, SIGTERM and SIGHUP end Python at once, without the cleanup of a command.
    signal.signal(signal.SIGTERM, _terminated)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as with nohup
        signal.signal(signal.SIGHUP, _hung_up)
    stdout = streams.protect()
    if "_CHATCTL_COMPLETE" in os.environ:
        from chatctl.cli.completion import write_answer  # noqa: PLC0415 - no command needs it

        write_answer(typer.main.get_command(app), COMMANDS)
        sys.exit(0)
    code = run(sys.argv[1:])
    # A closed pipe (`| head`) is not an error.
    if stdout.failure and stdout.failure.errno != errno.EPIPE:
        error = cannot_write("stdout", stdout.failure, hint="the command completed, but its output is lost")
        failed = _report(error, sys.argv[1:])
        code = code or failed
    sys.exit(code)


def _terminated(*_: object) -> NoReturn:
    # Like Ctrl-C: psycopg then cancels the running query.
    raise KeyboardInterrupt("terminated")


def _hung_up(*_: object) -> NoReturn:
    # The shell and the kernel both send it; a second one would interrupt the cleanup.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise KeyboardInterrupt("the terminal was closed")


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. All errors are handled here."""
    try:
        return _invoke(arguments)
    except KeyboardInterrupt as stop:
        return _report(Interrupted(str(stop) or "interrupted"), arguments)
    except ChatctlError as error:
        return _report(error, arguments)
    except Exception as error:  # noqa: BLE001 - the last handler: no traceback without --debug, no secret
        return _report(_as_chatctl_error(error), arguments)


def _as_chatctl_error(error: Exception) -> ChatctlError:
    """The ChatctlError for an exception that no command handles."""
    if isinstance(error, UnicodeEncodeError):
        # Python decodes arguments that are not UTF-8 to surrogates, which cannot be encoded.
        return Invalid(f"{error.object!r} is not valid UTF-8")
    if isinstance(error, FileNotFoundError) and not _in_a_directory():
        return Invalid("the working directory was deleted; change to another one")
    hint = "run it again with --debug for the traceback"
    return ChatctlError(f"unexpected {type(error).__name__}: {error}", hint=hint)


def _in_a_directory() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _invoke(arguments: list[str]) -> int:
    code: object = 0
    try:
        code = typer.main.get_command(app)(arguments, prog_name="chatctl", standalone_mode=False)
    except SystemExit as stop:
        code = stop.code
    except typer.TyperException as error:
        if is_help(error):
            print(error.format_message(), file=sys.stderr)
            return error.exit_code
        raise usage_error(error) from None
    except typer.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):  # Ctrl-C at a prompt
            raise Interrupted("interrupted") from None
        raise ChatctlError("no answer; nothing was changed") from None
    finally:
        sys.stdout.flush()
    if code == Interrupted.exit_code:
        # Typer turns Ctrl-C into a silent exit.
        raise Interrupted("interrupted")
    return code if isinstance(code, int) else int(code is not None)


def _report(error: ChatctlError, arguments: list[str]) -> int:
    if isinstance(error, Found) and _is_quiet(arguments):
        return error.exit_code  # the findings are already on stdout
    if "--debug" in arguments:
        for part in traceback.format_exception(sys.exception() or error):
            print(visible(excerpt(part, _MAX_MESSAGE)), file=sys.stderr, end="")
    message = excerpt(str(error), _MAX_MESSAGE)
    hint = excerpt(error.hint, _MAX_MESSAGE) if error.hint else None
    if _wants_json(arguments):
        body = {"code": error.code, "message": message, "hint": hint, "exit": error.exit_code}
        print(json.dumps({"error": body}), file=sys.stderr)
    else:
        prefix = "" if isinstance(error, Found) else "error: "
        lines = [f"{prefix}{visible(message)}", *(visible(hint).splitlines() if hint else [])]
        print("\n  ".join(lines), file=sys.stderr)
    return error.exit_code


def _is_quiet(arguments: list[str]) -> bool:
    return "--quiet" in arguments or any(re.fullmatch("-[a-z]*q[a-z]*", each) for each in arguments)


def _wants_json(arguments: list[str]) -> bool:
    # An error may occur before the options are parsed.
    formats = (OutputFormat.json, OutputFormat.ndjson)
    return any(
        argument in {f"-o{f}" for f in formats} | {f"--output={f}" for f in formats}
        or (argument in formats and previous in ("-o", "--output"))
        for previous, argument in zip(["", *arguments], arguments, strict=False)
    )
