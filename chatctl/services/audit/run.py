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
from chatctl.services.audit.findings.finding import Finding, Rule
from chatctl.services.audit.findings.paths import name_of
from chatctl.services.audit.findings.sources import Places
from chatctl.services.audit.inventory import lints, privileges, reachable
from chatctl.services.audit.inventory.privileges import Privileges
from chatctl.services.audit.probes import Stage
from chatctl.services.audit.probes.scope import Scope
from chatctl.services.audit.report import Existing, Report, Setup
from chatctl.services.audit.stage import existing, fixture, workspace
from chatctl.services.audit.stage.clock import near_now
from chatctl.services.audit.stage.transaction import undone
from chatctl.services.audit.trials.attempts import try_all
from chatctl.services.audit.trials.batch import Trying, in_silence
from chatctl.services.audit.trials.outcome import Tried
from chatctl.services.audit.trials.trial import Trial
from chatctl.services.audit.verdicts import retrial, untried
from chatctl.services.audit.verdicts.cells import cells, people
from chatctl.services.audit.verdicts.judging import judge, summed
from chatctl.services.audit.verdicts.replay import setup, setup_text
from chatctl.services.audit.verdicts.untried import Untried


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of one run: ``access`` as far as somebody stands for it, and everything tried.

    ``reach`` is what the catalogue says; ``seconds`` is how old the world was in the end, by the server's
    clock.
    """

    access: Access
    held: Privileges
    reach: list[Finding]
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
    trying: Trying = in_silence,
) -> Report:
    """Try what ``access`` declares on the database of ``conn``, an operator's connection, and undo it.

    It is tried on the fixture; or on up to ``sample`` rows of each table as it is. ``only`` names objects,
    identities and commands, see Scope; the inventory is always whole. ``trying`` is told what is tried. No
    lock is waited for longer than two seconds; ``trials.batch`` has the time limits of probes. Raises
    Inconclusive when the fixture cannot be made, Invalid for SQL of access.yaml that the database does not
    understand, NotFound for what is named and not there.
    """
    declared = access or load(default_file())
    scope = Scope.of(declared, only)
    before = _sequences(conn)
    start = time.perf_counter()
    first = _run(conn, declared, scope, sample=sample, trying=trying)
    if not first.tried:
        why = "; ".join(f"{each.object}: {each.reason}" for each in first.untried)
        raise Inconclusive(f"{declared.path.name} declares nothing that can be tried", hint=why or None)
    access = first.access
    judged = judge(access, first.tried, first.held, scope)
    slow = first.seconds > retrial.SLOW and bool(first.near_now)
    again, unsettled = retrial.doubtful(judged, all_of_it=slow), ""
    # Inside of somebody's transaction, which tests are, nobody else sees what it has made.
    if again and conn.info.transaction_status is TransactionStatus.IDLE:
        try:
            # A session of its own: claims that were set once are never unset again, only empty.
            with connection(url_of(conn), watched=True) as fresh:
                second = _run(fresh, declared, replace(scope, objects=again), sample=sample, trying=trying)
        except ChatctlError as error:
            unsettled = error.message
        else:
            judged = retrial.settled(judged, judge(second.access, second.tried, second.held, scope))
    findings, doubts = summed(access, judged, first.names, scope)
    places = Places(access)
    after = _sequences(conn)
    return Report(
        identities=len(access.identities),
        tables=len(access.tables),
        functions=len(access.functions),
        probes=len(first.tried),
        by_action=dict(sorted(Counter(probe.privilege for probe, _ in first.tried).items())),
        findings=_placed([*first.reach, *findings], places),
        doubts=_placed([*doubts, *(each.doubt for each in first.untried if not each.excused)], places),
        sequences=tuple(name for name, value in after.items() if before.get(name) != value),
        access=name_of(access.path),
        people=people(access),
        cells=cells(access, judged, first.names),
        setup=Setup(setup(access), setup_text(access)),
        existing=_existing(declared, access),
        not_tried=tuple(each for each in first.untried if each.excused),
        near_now=first.near_now,
        unsettled=unsettled,
        seconds=round(time.perf_counter() - start, 2),
    )


def _run(conn: Connection, declared: Access, scope: Scope, *, sample: int | None, trying: Trying) -> Run:
    """Try what ``declared`` says, as far as ``scope`` goes; see ``audit``."""
    with undone(conn):
        held = privileges.held(conn, declared)
        reach = [*reachable.check(conn, declared, held), *lints.check(conn, declared)]
        trying("the rows that are there" if declared.fixture is None else declared.fixture.name)
        stage = _stage(conn, declared, held, sample)
        near = near_now(conn) if sample is None else ()
        if missing := scope.identities - {each.name for each in stage.access.identities}:
            raise NotFound(f"nobody in this database stands for {', '.join(sorted(missing))}")
        tried = try_all(stage, Trial(conn, stage.access, trying), scope, trying)
        absent = {each.object for each in reach if each.rule is Rule.absent}
        left = untried.check(stage, tried, scope, absent)
        age = conn.execute("select extract(epoch from clock_timestamp() - now())").fetchall()[0][0]
        return Run(
            access=stage.access,
            held=held,
            reach=reach,
            tried=tried,
            names=workspace.names(conn),
            untried=left,
            near_now=near,
            seconds=float(age),
        )


def _stage(conn: Connection, access: Access, held: Privileges, sample: int | None) -> Stage:
    if sample is None:
        return Stage(conn, access, fixture.make(conn, access), held)
    there, contents = existing.make(conn, access, sample)
    return Stage(conn, there, contents, held)


def _existing(declared: Access, there: Access) -> Existing | None:
    if there.found is None:
        return None
    left_out = [each.name for each in declared.identities if each not in there.identities]
    return Existing(there.found, tuple(left_out))


def _placed(found: Iterable[Finding], places: Places) -> tuple[Finding, ...]:
    return tuple(replace(each, place=places.of(each)) for each in found)


def _sequences(conn: Connection) -> dict[str, int]:
    return dict(conn.execute(query("audit/sequences").encode()).fetchall())
