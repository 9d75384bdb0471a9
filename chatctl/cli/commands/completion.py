"""``chatctl completion``: the function with which a shell completes command lines."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from chatctl.cli.completion import LINE, VARIABLE
from chatctl.cli.options import NO_FORMATS, App, options
from chatctl.cli.output import show_text

EPILOG = """\b
Examples:
  eval "$(chatctl completion bash)"                    in ~/.bashrc
  eval "$(chatctl completion zsh)"                     in ~/.zshrc, after compinit
  chatctl completion fish > ~/.config/fish/completions/chatctl.fish

Completes commands, options and their values, and from the database of the target: people, the slugs of
organizations, and with --org the names of conversations. Answers are used again for a minute; only you can
read them, and a later completion deletes them. A database that does not answer within 0.3 s completes none.
"""


class Shell(StrEnum):
    """A shell that can complete."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


# bash breaks words at @, : and =, and replaces what follows, with the @ itself.
_BASH = f"""\
_chatctl() {{
  local line=${{COMP_LINE:0:COMP_POINT}} value description
  local word=${{line##*[[:space:]]}}
  local kept=${{word%"${{word##*[@:=]}}"}}
  kept=${{kept%@}}
  COMPREPLY=()
  while IFS=$'\\t' read -r value description; do
    printf -v value %q "$value"
    COMPREPLY+=("${{value#"$kept"}}")
  done < <({VARIABLE}=bash {LINE}=$line command "$1" 2>/dev/null)
}}
complete -o default -F _chatctl chatctl
"""

_ZSH = f"""\
#compdef chatctl
_chatctl() {{
  local -a values descriptions
  local value description
  while IFS=$'\\t' read -r value description; do
    values+=("$value")
    descriptions+=("$value${{description:+  $description}}")
  done < <({VARIABLE}=zsh {LINE}="${{(j: :)words[1,CURRENT]}}" command chatctl 2>/dev/null)
  if (( $#values )); then
    compadd -l -d descriptions -a values
  else
    _files
  fi
}}
compdef _chatctl chatctl
"""

_FISH = f"""\
complete --command chatctl --no-files \
--arguments '({VARIABLE}=fish {LINE}=(commandline -cp | string collect) command chatctl 2>/dev/null)'
"""

SCRIPTS = {Shell.bash: _BASH, Shell.zsh: _ZSH, Shell.fish: _FISH}

app = App()


@app.command(epilog=EPILOG, formats=NO_FORMATS)
def completion(ctx: typer.Context, shell: Annotated[Shell, typer.Argument(show_default=False)]) -> None:
    """Print the function with which a shell completes chatctl's command lines."""
    options(ctx)
    show_text(SCRIPTS[shell].rstrip("\n"))
