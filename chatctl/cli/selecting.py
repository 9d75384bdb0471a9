"""The filters of ``message search`` and of the verbs that act on what it finds."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from chatctl.cli import moments
from chatctl.cli.operating import ConversationOption, OrganizationOption
from chatctl.db.connection import Connection
from chatctl.services.moderation import names
from chatctl.services.moderation.selectors import MessageSelector, require_filter

_NAMED = UUID(int=0)  # stands for something that is named, until it is looked up


@dataclass(frozen=True)
class SelectionOptions:
    """The filters as they are given: an organization, a conversation and a sender by name."""

    selector: MessageSelector
    organization: str | None
    conversation: str | None
    sender: str | None

    @property
    def is_given(self) -> bool:
        """Whether there is any filter."""
        return self.selector != MessageSelector()

    def with_text(self, text: str | None) -> SelectionOptions:
        return replace(self, selector=replace(self.selector, text=text))

    def of_deleted(self) -> SelectionOptions:
        return replace(self, selector=replace(self.selector, deleted=True))

    def check(self, *, for_act: bool = False) -> None:
        """Raise Invalid for filters that cannot be used, before anything else happens."""
        require_filter(self.selector, for_act=for_act)

    def resolve(self, conn: Connection) -> MessageSelector:
        """The filters with ids. Raises NotFound or Invalid for names of nothing or of several things."""
        organization = None if self.organization is None else names.organization(conn, self.organization)
        conversation = (
            None
            if self.conversation is None
            else names.conversation(conn, self.conversation, organization=organization)
        )
        return replace(
            self.selector,
            organization_id=organization.id if organization else None,
            conversation_id=conversation.id if conversation else None,
            sender_id=None if self.sender is None else names.user(conn, self.sender).id,
        )


def _flag(name: str, help: str) -> Any:
    return typer.Option(name, help=help)


def _time(name: str, help: str) -> Any:
    return typer.Option(name, parser=moments.past, help=help, metavar="TIME", show_default=False)


def _filters(
    org: OrganizationOption = None,
    conversation: ConversationOption = None,
    sender: Annotated[
        str | None,
        typer.Option(
            "--sender",
            help="Who sent it: a user, by id, email, or the beginning of the name.",
            metavar="USER",
            show_default=False,
        ),
    ] = None,
    since: Annotated[datetime | None, _time("--since", f"Sent from then on: {moments.HELP}.")] = None,
    until: Annotated[datetime | None, _time("--until", "Sent before then.")] = None,
    has_attachment: Annotated[bool, _flag("--has-attachment", "With an attachment.")] = False,
    has_link: Annotated[bool, _flag("--has-link", "With a link.")] = False,
    deleted: Annotated[bool, _flag("--deleted", "Deleted messages instead of the others.")] = False,
    reported: Annotated[bool, _flag("--reported", "That somebody has reported.")] = False,
    regex: Annotated[
        str | None,
        typer.Option(
            "--regex",
            help="Whose content matches; needs --conversation, --sender or --since.",
            metavar="PATTERN",
            show_default=False,
        ),
    ] = None,
) -> SelectionOptions:
    return SelectionOptions(
        MessageSelector(
            organization_id=None if org is None else _NAMED,
            conversation_id=None if conversation is None else _NAMED,
            sender_id=None if sender is None else _NAMED,
            since=since,
            until=until,
            has_attachment=has_attachment,
            has_link=has_link,
            deleted=deleted,
            reported=reported,
            regex=regex,
        ),
        organization=org,
        conversation=conversation,
        sender=sender,
    )


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with the options of ``_filters`` in place of its parameter ``selection``."""
    own = inspect.signature(command, eval_str=True)
    filters = inspect.signature(_filters, eval_str=True)

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in filters.parameters}
        command(**given, selection=_filters(**chosen))

    parameters = [
        each
        for name, parameter in own.parameters.items()
        for each in (filters.parameters.values() if name == "selection" else [parameter])
    ]
    keyword = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    # Typer reads both.
    with_options.__signature__ = own.replace(parameters=keyword)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in keyword}
    return with_options
