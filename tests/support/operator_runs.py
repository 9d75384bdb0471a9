"""How to run each command of operators so that it has a result: its arguments, with placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.world import World

NOWHERE = "00000000-0000-4000-8000-000000000000"
BECAUSE = ("--reason", "a reason")
TRIED = (*BECAUSE, "--dry-run")


@dataclass(frozen=True)
class OperatorRun:
    """``arguments`` after the name of a command, and the commands to run once before it.

    ``on_terminal``: it runs only on a terminal.
    """

    arguments: tuple[str, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    on_terminal: bool = False

    def filled(self, values: Mapping[str, str], *, tried: bool = True) -> list[str]:
        """The arguments with the values of their placeholders; not ``tried``: without --dry-run."""
        arguments = [argument.format_map(values) for argument in self.arguments]
        return arguments if tried else [argument for argument in arguments if argument != "--dry-run"]

    def uses(self, *placeholders: str) -> bool:
        """Whether the arguments contain one of these placeholders."""
        return any(f"{{{name}}}" in argument for name in placeholders for argument in self.arguments)


class Placeholders(dict[str, str]):
    """Values for placeholders; an id for those that are not known."""

    def __missing__(self, name: str) -> str:
        return NOWHERE


def reported_world(world: World) -> Placeholders:
    """A group of three with two messages, one of them reported, and a colleague who is not in it."""
    people = [world.user(name) for name in ("ann-meyer", "ben", "cem", "dan")]
    organization = world.organization(*people, slug="acme")
    conversation = world.group(organization, *people[:3])
    message = world.send(people[0], conversation, "buy now")
    world.send(people[1], conversation, "no")
    report = world.value(people[1], "select id from report_message(%s, 'spam', 'again')", message)
    return Placeholders(
        org="acme",
        user=str(people[0]),
        colleague=str(people[3]),
        conversation=str(conversation),
        message=str(message),
        report=str(report),
        format="json",
    )


DELETE = ("message", "delete", "{message}", *BECAUSE)
PLAN = ("message", "delete", "--conversation", "{conversation}", "--plan", "plan.json", *BECAUSE)
APPLY = ("apply", "plan.json", *BECAUSE)
HOLD = ("hold", "create", "legal-7", "--org", "{org}", *BECAUSE)
EXPORT = ("conversation", "export", "{conversation}", "--out", "exported", *BECAUSE)

OPERATOR_RUNS = {
    "org list": OperatorRun(),
    "org show": OperatorRun(("{org}",)),
    "user list": OperatorRun(),
    "user show": OperatorRun(("{user}",)),
    "user export": OperatorRun(("{user}", "--out", "out-{format}", *BECAUSE)),
    "user suspend": OperatorRun(("{user}", *TRIED)),
    "user unsuspend": OperatorRun(("{user}", *TRIED)),
    "user mute": OperatorRun(("{user}", *TRIED)),
    "user unmute": OperatorRun(("{user}", *TRIED)),
    "user erase": OperatorRun(("{user}", "--messages", "keep", *TRIED)),
    "conversation list": OperatorRun(),
    "conversation show": OperatorRun(("{conversation}", *BECAUSE)),
    "conversation export": OperatorRun(("{conversation}", "--out", "out-{format}", *BECAUSE)),
    "conversation lock": OperatorRun(("{conversation}", "--visible-reason", "closed", *TRIED)),
    "conversation unlock": OperatorRun(("{conversation}", *TRIED)),
    "conversation repair": OperatorRun(("{conversation}", *TRIED)),
    "participant list": OperatorRun(("{conversation}",)),
    "participant add": OperatorRun(("{conversation}", "{colleague}", *TRIED)),
    "participant remove": OperatorRun(("{conversation}", "{user}", *TRIED)),
    "message search": OperatorRun(("--org", "{org}", *BECAUSE)),
    "message show": OperatorRun(("{message}", *BECAUSE)),
    "message delete": OperatorRun(("{message}", *TRIED)),
    "message restore": OperatorRun(("{message}", *TRIED)),
    "message redact": OperatorRun(("{message}", *TRIED)),
    "message purge": OperatorRun(("{message}", *TRIED)),
    "message index create": OperatorRun(),
    "message index drop": OperatorRun(),
    "message index status": OperatorRun(),
    "apply": OperatorRun(("plan.json", *BECAUSE), before=(PLAN,)),
    "job list": OperatorRun(before=(PLAN, APPLY)),
    "job show": OperatorRun(("{job}",), before=(PLAN, APPLY)),
    "job resume": OperatorRun(("{job}",), before=(PLAN, APPLY)),
    "job cancel": OperatorRun(("{job}", *BECAUSE), before=(PLAN, APPLY)),
    "job undo": OperatorRun(("{job}", *BECAUSE), before=(PLAN, APPLY)),
    "report list": OperatorRun(),
    "report show": OperatorRun(("{report}", *BECAUSE)),
    "report claim": OperatorRun(("{report}", *TRIED)),
    "report release": OperatorRun(("{report}", *TRIED)),
    "report resolve": OperatorRun(("{report}", "--verdict", "dismissed", *TRIED)),
    "report review": OperatorRun(BECAUSE, on_terminal=True),
    "hold create": OperatorRun(("legal-8", "--org", "{org}", *TRIED)),
    "hold list": OperatorRun(before=(HOLD,)),
    "hold show": OperatorRun(("legal-7",), before=(HOLD,)),
    "hold release": OperatorRun(("legal-7", *TRIED), before=(HOLD,)),
    "undo": OperatorRun(("1", *TRIED), before=(DELETE,)),
    "log list": OperatorRun(before=(DELETE,)),
    "log show": OperatorRun(("1",), before=(DELETE,)),
    "log verify": OperatorRun(),
    "log export": OperatorRun(("log-{format}.ndjson",), before=(DELETE,)),
    "as": OperatorRun(("{user}", *BECAUSE, "--", "conversation", "list")),
    "export verify": OperatorRun(("exported",), before=(EXPORT,)),
    "operator grant": OperatorRun(("{role}", *TRIED)),
    "operator revoke": OperatorRun(("{role}", *TRIED)),
    "operator list": OperatorRun(),
    "stats": OperatorRun(),
}
