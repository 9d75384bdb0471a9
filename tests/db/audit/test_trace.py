"""The trace of --mutate: the callers of a function are the probes that fail when the function does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatctl.db.connection import Connection
from chatctl.services.audit.access import default_file, load
from chatctl.services.audit.inventory import privileges
from chatctl.services.audit.mutation.catalogue import Catalogue, read
from chatctl.services.audit.mutation.functions import name_of, replace_statement
from chatctl.services.audit.mutation.trace import Trace, trace_calls
from chatctl.services.audit.probes import AuditContext, generate
from chatctl.services.audit.stage import fixture
from chatctl.services.audit.stage.transaction import rolled_back
from chatctl.services.audit.trials.batch import ProbeBatch
from chatctl.services.audit.trials.trial import Trial
from tests.support.world import Database

ACCESS = load(default_file())
SEND = "public.send_message(uuid, text, jsonb)"
TRIED = {"public.messages", "public.conversation_participants", "public.organizations", SEND}
MET = "P0099"


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect() as conn, rolled_back(conn):
        yield conn


@pytest.fixture
def catalogue(conn: Connection) -> Catalogue:
    return read(conn, ACCESS)


@pytest.fixture
def batch(conn: Connection) -> ProbeBatch:
    granted = privileges.held(conn, ACCESS)
    return Trial(conn, ACCESS).load(
        generate(AuditContext(conn, ACCESS, fixture.make(conn, ACCESS), granted), TRIED)
    )


@pytest.fixture
def trace(conn: Connection, catalogue: Catalogue, batch: ProbeBatch) -> Trace:
    return trace_calls(conn, catalogue, batch)


def test_the_callers_of_a_function_are_those_that_fail_with_it(
    conn: Connection, catalogue: Catalogue, batch: ProbeBatch, trace: Trace
) -> None:
    for name in ("private.messages_before_update()", "private.participants_joined()", "private.is_trusted()"):
        function = next(each for each in catalogue.functions if name_of(catalogue, each) == name)
        with conn.transaction(force_rollback=True):
            conn.execute(replace_statement(function, f"begin raise sqlstate '{MET}'; end").encode())
            outcomes = zip(batch.numbers, batch.run(), strict=True)
            assert {number for number, came in outcomes if came.state == MET} == trace[name], name


def test_the_trace_names_the_expected_functions(batch: ProbeBatch, trace: Trace) -> None:
    about = {number: probe.object for probe, number in zip(batch.probes, batch.numbers, strict=True)}
    assert {about[each] for each in trace["private.messages_before_insert()"]} == {"public.messages", SEND}
    assert {about[each] for each in trace[SEND]} == {SEND}


def test_functions_are_restored_afterwards(conn: Connection, catalogue: Catalogue, trace: Trace) -> None:
    assert trace
    again = {each.signature: each.definition for each in read(conn, ACCESS).functions}
    assert again == {each.signature: each.definition for each in catalogue.functions}
