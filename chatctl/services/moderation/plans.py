"""Plans: the messages that a selector chose, each at its version, for an act on exactly those."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from chatctl.db.connection import Connection
from chatctl.db.files import query
from chatctl.errors import Conflict, Invalid, NotFound
from chatctl.services.moderation import jobs
from chatctl.services.moderation.excerpts import excerpt
from chatctl.services.moderation.jobs import JobProgress
from chatctl.services.moderation.messages import MessageVerb
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.results import ActionResult
from chatctl.services.moderation.search import reading, require_bounded, search_terms
from chatctl.services.moderation.selectors import MessageSelector

_FORMAT = 1  # of plan files
_SAMPLES = 5


@dataclass(frozen=True)
class MessagePlan:
    """What to do, to which messages, and the version at which each was chosen."""

    verb: MessageVerb
    created_at: str
    ids: Sequence[UUID]
    versions: Sequence[str]

    @property
    def content(self) -> dict[str, Any]:
        """The plan as JSON, without its hash."""
        items = [
            {"id": str(message_id), "version": version}
            for message_id, version in zip(self.ids, self.versions, strict=True)
        ]
        return {
            "format": _FORMAT,
            "action": f"message.{self.verb}",
            "created_at": self.created_at,
            "messages": items,
        }

    @property
    def hash(self) -> str:
        """Of everything in the plan: a plan that was edited has another one."""
        canonical = json.dumps(self.content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class PlanShare:
    """A sender or a conversation, and how many messages of the plan are its own."""

    id: UUID | None
    name: str
    messages: int


@dataclass(frozen=True)
class PlanSample:
    """One message of a plan."""

    id: UUID
    created_at: datetime
    sender: str | None
    content: str | None


@dataclass(frozen=True)
class PlanPreview:
    """What a plan would act upon."""

    hash: str
    count: int
    senders: Sequence[PlanShare]
    conversations: Sequence[PlanShare]
    samples: Sequence[PlanSample]


def make(conn: Connection, verb: MessageVerb, selector: MessageSelector) -> MessagePlan:
    """The messages that pass the filters, oldest first. Raises Invalid if that would read too many."""
    from chatctl.services.moderation.selection import all_ids  # noqa: PLC0415 - SQLAlchemy

    terms = search_terms(conn, selector)
    require_bounded(conn, selector, terms)
    composed = all_ids(selector, terms)
    with reading(conn):
        ids = [row[0] for row in conn.execute(composed.statement, composed.parameters)]
        rows = conn.execute(query("moderation/message_versions"), {"ids": ids}).fetchall()
    return MessagePlan(
        verb, datetime.now(UTC).isoformat(), [row[0] for row in rows], [row[1] for row in rows]
    )


def preview(conn: Connection, plan: MessagePlan) -> PlanPreview:
    """The number of messages by sender and by conversation, and samples from its beginning to its end.

    The samples show what users wrote: log that before.
    """
    everything = {"ids": list(plan.ids)}
    last = len(plan.ids) - 1
    places = sorted({last * number // (_SAMPLES - 1) for number in range(_SAMPLES)}) if plan.ids else []
    some = {"ids": [plan.ids[place] for place in places]}
    with reading(conn):
        with conn.cursor(row_factory=class_row(PlanShare)) as cursor:
            senders = cursor.execute(query("moderation/plan_senders"), everything).fetchall()
            conversations = cursor.execute(query("moderation/plan_conversations"), everything).fetchall()
        with conn.cursor(row_factory=class_row(PlanSample)) as cursor:
            samples = cursor.execute(query("moderation/plan_samples"), some).fetchall()
    shown = [
        PlanSample(each.id, each.created_at, each.sender, excerpt(each.content or "", ())) for each in samples
    ]
    return PlanPreview(plan.hash, len(plan.ids), senders, conversations, shown)


def apply(
    conn: Connection,
    plan: MessagePlan,
    act: OperatorAct,
    *,
    on_wait: Callable[[str], None],
    on_step: Callable[[JobProgress], None],
) -> ActionResult:
    """Act on exactly the messages of the plan, as a job; those that changed since fail on their own.

    A plan is applied once: again, this continues its job, or does nothing. Raises Conflict if what it did was
    undone, or if another actor has begun it.
    """
    job_id = jobs.create(conn, plan.verb, plan.ids, plan.versions, act, plan_hash=plan.hash, on_wait=on_wait)
    job = jobs.by_id(conn, job_id)
    if job.finished_at is not None:
        on_wait(f"this plan was applied already, as job {job_id}; make a new one for what is left")
        return jobs.repeated(conn, job)
    if job.actor != act.actor:
        raise Conflict(
            f"{job.actor} has begun to apply this plan (job {job.id})",
            hint=f"continue it with `chatctl job resume {job.id}`",
        )
    return jobs.run(conn, job_id, actor=act.actor, on_wait=on_wait, on_step=on_step)


def text_of(plan: MessagePlan) -> str:
    """The plan as a file."""
    return json.dumps({**plan.content, "hash": plan.hash}, indent=1) + "\n"


def read(file: Path) -> MessagePlan:
    """The plan of a file. Raises NotFound without one, Invalid if it is not one, or was edited."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"there is no {file}") from None
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):  # JSON or UTF-8
        raise Invalid(f"{file} is not a plan: it is not JSON") from None
    try:
        noun, _, verb = str(document["action"]).partition(".")
        plan = MessagePlan(
            MessageVerb(verb),
            str(document["created_at"]),
            [UUID(each["id"]) for each in document["messages"]],
            [str(each["version"]) for each in document["messages"]],
        )
        complete = (noun, document["format"]) == ("message", _FORMAT)
    except (KeyError, TypeError, ValueError, AttributeError):
        complete = False
    if not complete:
        raise Invalid(f"{file} is not a plan of `chatctl message … --plan`")
    if plan.hash != document.get("hash") or len(set(plan.ids)) < len(plan.ids):
        raise Invalid(f"{file} was changed after it was written", hint="make a new plan with --plan")
    return plan
