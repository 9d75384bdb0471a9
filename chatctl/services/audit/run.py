"""``chatctl audit-rls``: one audit from beginning to end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from psycopg.pq import TransactionStatus

from chatctl.db.connection import Connection, connection, url_of
from chatctl.db.files import query
from chatctl.errors import ChatctlError, Inconclusive, NotFound
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.access.expectations import Access
from chatctl.services.audit.findings.finding import AuditFinding, AuditRule
from chatctl.services.audit.findings.paths import name_of
from chatctl.services.audit.findings.sources import SourceIndex
from chatctl.services.audit.inventory import lints, privileges, reachable
from chatctl.services.audit.inventory.privileges import Privileges
from chatctl.services.audit.probes import AuditContext
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.report import AuditReport, Existing, Setup
from chatctl.services.audit.stage import existing, fixture, workspace
from chatctl.services.audit.stage.clock import near_now
from chatctl.services.audit.stage.transaction import rolled_back
from chatctl.services.audit.trials.attempts import try_all
from chatctl.services.audit.trials.batch import OnProgress, no_progress
from chatctl.services.audit.trials.outcome import Tried
from chatctl.services.audit.trials.trial import Trial
from chatctl.services.audit.verdicts import retrial, untried
from chatctl.services.audit.verdicts.cells import cells, people
from chatctl.services.audit.verdicts.judging import findings_and_doubts, judge
from chatctl.services.audit.verdicts.replay import setup_commands, setup_text
from chatctl.services.audit.verdicts.untried import Untried


@dataclass(frozen=True, kw_only=True)
class AuditRun:
    """One pass over the probes. ``access`` has only the identities that were tried.

    ``reach`` are the findings from the catalogue; ``seconds`` is the age of the fixture at the end, by the
    server's clock.
    """

    access: Access
    held: Privileges
    reach: list[AuditFinding]
    tried: list[Tried]
    names: dict[str, str]
    untried: list[Untried]
    near_now: tuple[str, ...]
    seconds: float


def audit(
    conn: Connection,
    access: Access | None = None,
    *,
    only: Collection[str] = (),
    sample: int | None = None,
    on_progress: OnProgress = no_progress,
) -> AuditReport:
    """Try what ``access`` declares on the database of ``conn``, an operator's connection, and roll back.

    Probes run on the fixture; with ``sample``, on up to that many existing rows of each table. ``only`` names
    objects, identities and commands, see Scope; the inventory is always complete. ``on_progress`` is called
    with what is tried next. Lock waits are limited to two seconds; ``trials.batch`` has the time limits of
    probes. Raises Inconclusive when the fixture fails, Invalid for SQL of access.yaml that the database
    rejects, NotFound for an unknown name.
    """
    declared = access or load(default_file())
    scope = Scope.of(declared, only)
    before = _sequences(conn)
    start = time.perf_counter()
    first = _run(conn, declared, scope, sample=sample, on_progress=on_progress)
    if not first.tried:
        why = "; ".join(f"{each.object}: {each.reason}" for each in first.untried)
        raise Inconclusive(f"{declared.path.name} declares nothing that can be tried", hint=why or None)
    access = first.access
    judged = judge(access, first.tried, first.held, scope)
    slow = first.seconds > retrial.SLOW and bool(first.near_now)
    retried_objects, unsettled = retrial.objects_to_retry(judged, all_of_it=slow), ""
    # Inside a transaction, as in tests, another session would not see its changes.
    if retried_objects and conn.info.transaction_status is TransactionStatus.IDLE:
        try:
            # A new session, because claims that were set once are never unset again, only empty.
            with connection(url_of(conn), watched=True) as fresh:
                second = _run(
                    fresh,
                    declared,
                    replace(scope, objects=retried_objects),
                    sample=sample,
                    on_progress=on_progress,
                )
        except ChatctlError as error:
            unsettled = error.message
        else:
            judged = retrial.merge_runs(judged, judge(second.access, second.tried, second.held, scope))
    findings, doubts = findings_and_doubts(access, judged, first.names, scope)
    sources = SourceIndex(access)
    after = _sequences(conn)
    return AuditReport(
        identities=len(access.identities),
        tables=len(access.tables),
        functions=len(access.functions),
        probes=len(first.tried),
        by_action=dict(sorted(Counter(probe.privilege for probe, _ in first.tried).items())),
        findings=_placed([*first.reach, *findings], sources),
        doubts=_placed([*doubts, *(each.finding for each in first.untried if not each.excused)], sources),
        sequences=tuple(name for name, value in after.items() if before.get(name) != value),
        access=name_of(access.path),
        people=people(access),
        cells=cells(access, judged, first.names),
        setup=Setup(setup_commands(access), setup_text(access)),
        existing=_existing(declared, access),
        not_tried=tuple(each for each in first.untried if each.excused),
        near_now=first.near_now,
        unsettled=unsettled,
        seconds=round(time.perf_counter() - start, 2),
    )


def _run(
    conn: Connection, declared: Access, scope: Scope, *, sample: int | None, on_progress: OnProgress
) -> AuditRun:
    """Try everything in ``scope`` in one transaction; see ``audit`` for the parameters."""
    with rolled_back(conn):
        held = privileges.held(conn, declared)
        reach = [*reachable.check(conn, declared, held), *lints.check(conn, declared)]
        on_progress("existing rows" if declared.fixture is None else declared.fixture.name)
        context = _context(conn, declared, held, sample)
        near = near_now(conn) if sample is None else ()
        if missing := scope.identities - {each.name for each in context.access.identities}:
            raise NotFound(f"no user of this database was found for {', '.join(sorted(missing))}")
        tried = try_all(context, Trial(conn, context.access, on_progress), scope, on_progress)
        absent = {each.object for each in reach if each.rule is AuditRule.absent}
        not_tried = untried.check(context, tried, scope, absent)
        age = conn.execute("select extract(epoch from clock_timestamp() - now())").fetchall()[0][0]
        return AuditRun(
            access=context.access,
            held=held,
            reach=reach,
            tried=tried,
            names=workspace.names_by_id(conn),
            untried=not_tried,
            near_now=near,
            seconds=float(age),
        )


def _context(conn: Connection, access: Access, held: Privileges, sample: int | None) -> AuditContext:
    if sample is None:
        return AuditContext(conn, access, fixture.make(conn, access), held)
    resolved, contents = existing.make(conn, access, sample)
    return AuditContext(conn, resolved, contents, held)


def _existing(declared: Access, resolved: Access) -> Existing | None:
    if resolved.existing_ids is None:
        return None
    left_out = [each.name for each in declared.identities if each not in resolved.identities]
    return Existing(resolved.existing_ids, tuple(left_out))


def _placed(findings: Iterable[AuditFinding], sources: SourceIndex) -> tuple[AuditFinding, ...]:
    return tuple(replace(each, place=sources.place_of(each)) for each in findings)


def _sequences(conn: Connection) -> dict[str, int]:
    return dict(conn.execute(query("audit/sequences").encode()).fetchall())
