"""The walk of ``chatctl report review`` through the queue: what each key does to the report on the screen."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from chatctl.cli.commands.message.moderating import delete_files
from chatctl.cli.guards import confirm_by_name
from chatctl.cli.keyboard import END, pressed_key
from chatctl.cli.options import Options
from chatctl.cli.output import note, show_document
from chatctl.cli.session import Session
from chatctl.db.connection import connection
from chatctl.errors import Conflict, Invalid, NotFound
from chatctl.services.moderation import reportcases, reports, undo
from chatctl.services.moderation.messages import MessageVerb
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.reportcases import ReportCase
from chatctl.services.moderation.reports import ReportAct, Verdict
from chatctl.services.moderation.results import ActionResult

_AROUND = 3  # messages before and after the reported one
_MOST_ROWS = 12  # of each message, so that the report stays on the screen


@dataclass(frozen=True)
class Decision:
    """A report that was resolved, and the action that did it."""

    case: ReportCase
    verdict: Verdict
    action: int


class Review:
    """One operator's walk through the queue. The next report is read while they look at this one."""

    def __init__(
        self, at: Session, act: OperatorAct, options: Options, *, organization_id: UUID | None
    ) -> None:
        self.conn, self.act, self.options = at.conn, act, options
        self.outcomes: Counter[str] = Counter()
        self.current: ReportCase | None = None
        self.finished = False
        self._at = at
        self._organization_id = organization_id
        self._seen: list[UUID] = []
        self._put_back: list[ReportCase] = []  # claimed, and shown before anything else
        self._decisions: list[Decision] = []
        self._changed: set[UUID] = set()  # conversations and people, since the next report was read
        self._reader = ThreadPoolExecutor(1)
        self._next: Future[ReportCase | None] | None = None
        self._keys = {key.letter: key for key in KEYS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print what was decided, and release what is on the screen or waits to be shown again."""
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted((+self.outcomes).items()))
        self.say(counts or "nothing was decided")
        self._reader.shutdown()
        kept = [case.report.id for case in (self.current, *self._put_back) if case is not None]
        if kept and not self.conn.closed:
            reports.release(self.conn, kept, self.act, on_wait=self.say)

    def run(self) -> None:
        """Show one report after another, and do what the keys say, until the queue is empty."""
        from chatctl.cli.commands.report.casetext import case_text  # noqa: PLC0415 - Rich starts slowly

        while not self.finished:
            if self.current is None:
                self.current = self._take()
                if self.current is None:
                    self.say("the queue is empty")
                    return
                text = case_text(self.current, most_rows=_MOST_ROWS)
                show_document(None, self.options, text=f"\n{text}\n")
            prompt = "  ".join(f"{key.letter} {key.name}" for key in self._keys.values())
            pressed = pressed_key(prompt)
            key = self._keys.get("q" if pressed == END else pressed, _HELP)
            try:
                key.press(self, self.current)
            except (Invalid, Conflict, NotFound) as error:
                self.say(f"{key.name}: {error}")

    def say(self, message: str) -> None:
        note(message, self.options)

    # What the keys do -------------------------------------------------------------------------------------

    def resolve(self, case: ReportCase, verdict: Verdict, do: ReportAct | None = None) -> None:
        result = reports.resolve(self.conn, [case.report.id], verdict, self.act, do=do, on_wait=self.say)
        _require_success(result)
        if result.action_id is not None:
            self._decisions.append(Decision(case, verdict, result.action_id))
        self._note_change(case)
        self.say(f"{verdict}, action {result.action_id}")
        self._leave(verdict)

    def redact(self, case: ReportCase) -> None:
        confirm_by_name(case.report.organization, None, what="redaction of the message")
        self.resolve(case, Verdict.upheld, ReportAct.redact)
        delete_files(self._at, MessageVerb.redact, self.options)

    def skip(self, case: ReportCase) -> None:
        _require_success(reports.release(self.conn, [case.report.id], self.act, on_wait=self.say))
        self._leave("skipped")

    def keep(self, case: ReportCase) -> None:
        self._leave("kept")

    def undo(self, case: ReportCase) -> None:
        if not self._decisions:
            raise Invalid("nothing was decided yet")
        last = self._decisions[-1]
        _require_success(undo.undo(self.conn, last.action, self.act, dry_run=False, on_wait=self.say))
        self._decisions.pop()
        self.outcomes[last.verdict] -= 1
        self.outcomes["undone"] += 1
        self._note_change(last.case)
        self._put_back += [case, last.case]
        self.current = None

    def help(self, case: ReportCase) -> None:
        lines = (f"  {key.letter}  {key.help}" for key in self._keys.values())
        print("\n".join(lines), file=sys.stderr, flush=True)

    def quit(self, case: ReportCase) -> None:
        self.finished = True

    def _leave(self, outcome: str) -> None:
        self.outcomes[outcome] += 1
        self.current = None

    def _note_change(self, case: ReportCase) -> None:
        self._changed |= {
            case.report.conversation_id,
            *filter(None, (case.report.sender_id, case.report.reporter_id)),
        }

    # Where the reports come from --------------------------------------------------------------------------

    def _take(self) -> ReportCase | None:
        """The next report, claimed. None if there is none."""
        if self._put_back:
            return reportcases.read(self.conn, self._put_back.pop().report.id, around=_AROUND)
        while True:
            case = self._next.result() if self._next else None
            if case is None:  # none was there when this was read ahead
                case = self._read_next(self.conn, tuple(self._seen))
            if case is None:
                return None
            stale = self._changed & {
                case.report.conversation_id,
                case.report.sender_id,
                case.report.reporter_id,
            }
            self._seen.append(case.report.id)
            self._changed.clear()
            self._next = self._reader.submit(self._read_ahead, tuple(self._seen))
            if self._claim(case):
                return reportcases.read(self.conn, case.report.id, around=_AROUND) if stale else case

    def _claim(self, case: ReportCase) -> bool:
        try:
            result = reports.claim(self.conn, [case.report.id], self.act, on_wait=self.say)
        except Invalid as error:  # the reason names one of its people
            self.say(f"report {case.report.id} is left out: {error}")
            return False
        return result.error is None

    def _read_ahead(self, seen: tuple[UUID, ...]) -> ReportCase | None:
        with connection(self._at.url) as conn:
            return self._read_next(conn, seen)

    def _read_next(self, conn: Any, seen: tuple[UUID, ...]) -> ReportCase | None:
        report_id = reports.next_to_review(
            conn, self.act.actor, organization_id=self._organization_id, seen=seen
        )
        return reportcases.read(conn, report_id, around=_AROUND) if report_id else None


@dataclass(frozen=True)
class Key:
    """A key, and what it does to the report on the screen."""

    letter: str
    name: str
    help: str
    press: Callable[[Review, ReportCase], None]


KEYS = (
    Key(
        "d",
        "delete",
        "uphold it, and delete the message",
        lambda r, c: r.resolve(c, Verdict.upheld, ReportAct.delete),
    ),
    Key("r", "redact", "uphold it, and redact the message: the organization must be typed", Review.redact),
    Key(
        "s",
        "suspend",
        "uphold it, and suspend the sender until that is lifted",
        lambda r, c: r.resolve(c, Verdict.upheld, ReportAct.suspend),
    ),
    Key("x", "dismiss", "dismiss it", lambda r, c: r.resolve(c, Verdict.dismissed)),
    Key("k", "skip", "leave it to others", Review.skip),
    Key("n", "next", "keep it for yourself, and see the next one", Review.keep),
    Key("u", "undo", "undo the last decision, and see that report again", Review.undo),
    Key("?", "help", "what the keys do", Review.help),
    Key("q", "quit", "release this one, and stop", Review.quit),
)
_HELP = next(key for key in KEYS if key.letter == "?")


def _require_success(result: ActionResult) -> None:
    if result.error:
        raise result.error
