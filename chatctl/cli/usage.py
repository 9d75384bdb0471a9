"""Usage errors of Typer as errors of chatctl: a sentence, the usage of the command, and its help option."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import typer

from chatctl.errors import Invalid
from chatctl.secrets import MASK, mask
from chatctl.yamlfile.sentences import sentence

_TYPED_URL = re.compile(r"(\w://).*")  # to the end: its password may contain spaces and @


def is_help(error: typer.TyperException) -> bool:
    """Whether the error only stands for the help of a command that was given no arguments."""
    return type(error).__name__ == "NoArgsIsHelpError"


def usage_error(error: Any) -> Invalid:
    """The error for a TyperException. It masks URLs, because arguments may contain a misplaced one."""
    message = _TYPED_URL.sub(rf"\1{MASK}", mask(_message(error)))
    context = getattr(error, "ctx", None)
    if context is None:
        return Invalid(message)
    usage = " ".join(context.get_usage().removeprefix("Usage: ").split())
    help_command = f"{context.command_path} {context.help_option_names[0]}"
    hints = [f"usage: {usage}", f"`{help_command}` shows the options"]
    if hasattr(error, "possibilities") and _passes_arguments_on(context.command):
        hints.insert(0, f"to pass it on: `{context.command_path} -- {error.option_name} …`")
    return Invalid(message, hint="\n".join(hints))


def _passes_arguments_on(command: Any) -> bool:
    """Whether the command takes arguments for another program, after ``--``, which then writes the result."""
    return not getattr(command, "formats", True) and any(each.nargs == -1 for each in command.params)


def _message(error: Any) -> str:
    # Typer exports no classes for these; the attributes tell them apart.
    if hasattr(error, "possibilities"):
        # Typer compares the dashes as well, which makes short options similar to many.
        names = {each.lstrip("-"): each for each in error.possibilities or ()}
        similar = [names[each] for each in get_close_matches(error.option_name.lstrip("-"), names)]
        close = f"; did you mean {', '.join(similar)}?" if similar else ""
        return f"there is no option {error.option_name}{close}"
    if getattr(error, "param", None) is None:
        return _as_chatctl_writes(error.format_message())
    name = _name(error.param)
    if hasattr(error, "param_type"):
        return f"{name} is missing"
    details = getattr(error.__cause__, "errors", None)  # of pydantic
    if details is None:
        return f"{name}: {_as_chatctl_writes(error.message)}"
    problem = details(include_url=False)[0]
    reason = sentence(problem["type"], problem.get("ctx", {}))
    if reason is None:
        return f"{name}: {_as_chatctl_writes(problem['msg'].removeprefix('Value error, '))}"
    return f"{name} {reason}, not {problem['input']!r}"


def _name(parameter: Any) -> str:
    """An option as it is typed, or an argument as help names it."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.display_name_raw)


def _as_chatctl_writes(text: str) -> str:
    text = text.removesuffix(".")
    return text if text[:1] in "'\"-" else text[:1].lower() + text[1:]
