"""What the commands that run as a user share: whom to view as, the log, and showing one or two views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import typer

from chatctl.cli.options import Options
from chatctl.cli.output import note, show
from chatctl.cli.session import session
from chatctl.db.connection import Connection
from chatctl.errors import Invalid, NotFound
from chatctl.services.moderation import impersonation, names
from chatctl.services.moderation.comparing import compare
from chatctl.services.moderation.impersonation import ImpersonatedUser, ViewedRows
from chatctl.services.moderation.names import NamedThing
from chatctl.services.moderation.operators import OperatorAct

_KEY = "chatctl.as"


@dataclass(frozen=True)
class ViewRequest:
    """The users to view as, by what the operator typed, and the reason."""

    user: str
    other: str | None
    act: OperatorAct


def set_view_request(ctx: typer.Context, request: ViewRequest) -> None:
    """Pass the request to the command that is run as the user."""
    ctx.meta[_KEY] = request


@dataclass(frozen=True)
class UserView:
    """An open connection, and the users to view as: one, or two to compare."""

    conn: Connection
    viewers: Sequence[ImpersonatedUser]
    act: OperatorAct
    options: Options

    def log(self, command: str, targets: Sequence[str], **arguments: Any) -> None:
        """Commit the row of the log; call it before ``read``."""
        impersonation.log(
            self.conn, command, self.viewers, targets, arguments, self.act,
            on_wait=lambda why: note(why, self.options),
        )  # fmt: skip

    def read(self, name: str, parameters: Mapping[str, Any]) -> list[ViewedRows]:
        """What each of the users sees."""
        return impersonation.read_as(self.conn, self.viewers, name, parameters)

    def conversation(self, text: str) -> NamedThing:
        """A conversation that the users can read. Raises NotFound, or Invalid with candidates."""
        parameters = {"text": text, "id": names.as_id(text), "count": names.FETCHED}
        views = self.read("conversations_named", parameters) if text.strip() else []
        found = {row["id"]: NamedThing(**row) for each in views for row in each.rows}
        if not found:
            who = " and ".join(each.name for each in self.viewers)
            raise NotFound(f"{who}: no conversation {text} is visible")
        if len(found) > 1:
            raise names.ambiguous("conversation", text, list(found.values()))
        return next(iter(found.values()))


@contextmanager
def view(ctx: typer.Context, options: Options) -> Iterator[UserView]:
    """Connect, and find the users. Raises NotAllowed if the database role cannot act as a user."""
    request: ViewRequest = ctx.meta[_KEY]
    with session(options) as at:
        impersonation.require_possible(at.conn)
        typed = [request.user, *([request.other] if request.other is not None else [])]
        viewers = [impersonation.viewer(at.conn, names.user(at.conn, text)) for text in typed]
        if len({each.id for each in viewers}) < len(viewers):
            raise Invalid(f"--compare {request.other} is the same user")
        for each in viewers:
            if each.suspended:
                note(f"{each.name} is suspended: sees nothing", options)
        yield UserView(at.conn, viewers, request.act, options)


def show_views(
    views: Sequence[ViewedRows], options: Options, *, columns: Sequence[str], personal: Sequence[str] = ()
) -> None:
    """Write the rows that one user sees, or what differs between two."""
    for each in views:
        if each.refusal and not each.viewer.suspended:
            note(f"{each.viewer.name}: {each.refusal}", options)
    if len(views) == 1:
        show(views[0].rows, options, columns=columns)
        if not views[0].rows:
            note(f"{views[0].viewer.name} sees none", options)
        return
    result = compare(*views, personal=personal)
    show(result.rows, options, columns=("seen_by", "differs", *columns))
    only = ", ".join(f"{count:,} only by {name}" for name, count in result.only.items())
    note(f"identical for both: {result.identical:,}; {only}; different: {result.different:,}", options)
