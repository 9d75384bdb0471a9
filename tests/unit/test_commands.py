"""Which statements of a script change the transaction, the session or need a client."""

from __future__ import annotations

import pytest

from chatctl.sqltext.commands import copy_command, session_command, transaction_command

# Transaction commands
TRANSACTION = {
    "BEGIN": "begin",
    "begin/**/isolation level serializable": "begin",
    "-- now\nstart  transaction read only": "start transaction",
    "commit and chain": "commit",
    "COMMIT PREPARED 'a'": "commit",
    "end work": "end",
    "prepare transaction 'a'": "prepare transaction",
    "rollback": "rollback",
    "rollback work": "rollback",
    "abort transaction": "abort",
    "set /* it */ transaction read only": "set transaction",
    "set session characteristics as transaction read only": "set session characteristics",
    "set local transaction_read_only = on": "set local transaction_read_only",
    "set transaction_isolation to 'serializable'": "set transaction_isolation",
}
# Session commands, in addition to those
SESSION = {
    "savepoint a": "savepoint",
    "release a": "release",
    "rollback to a": "rollback",
    "rollback work to savepoint a": "rollback",
    "abort transaction to a": "abort",
    "discard all": "discard all",
    "reset session authorization": "reset session authorization",
    "SET SESSION AUTHORIZATION a": "set session authorization",
    "set local session authorization default": "set local session authorization",
}
NEITHER = [
    "",
    "-- commit",
    "select 'commit'",
    '"begin"',
    "beginning",
    "end_of_it",
    "commit$a",
    "begin.a()",
    "prepare a as select 1",
    "set transaction.a = 'b'",
    "set session a = 'session authorization'",
    "set local role a",
    "discard plans",
    "reset all",
    "create function f() begin atomic select 1; end",
]
COPIES = {
    "copy t from stdin": "copy t from stdin",
    "COPY s.t (a, b)\n  FROM STDIN with (format csv)": "COPY s.t (a, b) FROM STDIN",
    "copy t from /* here */ stdin": "copy t from stdin",
    'copy "from stdin" from stdin': 'copy "from stdin" from stdin',
    "copy (select 'to stdin' from t) to stdout": "copy (select 'to stdin' from t) to stdout",
    "copy t to stdin": "copy t to stdin",
    "copy t from stdout binary": "copy t from stdout",
}
NO_COPIES = [
    "copy t from '/a'",
    "copy t to program 'cat > to stdout'",
    "copy (select a from stdin) to '/a'",
    "copy \"to stdout\" to '/a'",
    "copy",
    "copy t from 'stdin",
    "insert into copy select 'copy t from stdin'",
]


@pytest.mark.parametrize(("statement", "words"), TRANSACTION.items())
def test_transaction_commands_are_recognized(statement: str, words: str) -> None:
    assert transaction_command(statement) == session_command(statement) == words


@pytest.mark.parametrize(("statement", "words"), SESSION.items())
def test_savepoint_and_role_commands_are_session_commands(statement: str, words: str) -> None:
    assert (transaction_command(statement), session_command(statement)) == (None, words)


@pytest.mark.parametrize("statement", NEITHER)
def test_other_commands_are_neither(statement: str) -> None:
    assert transaction_command(statement) is session_command(statement) is None


@pytest.mark.parametrize(("statement", "words"), COPIES.items())
def test_copy_to_or_from_the_client_is_recognized(statement: str, words: str) -> None:
    assert copy_command(statement) == words


@pytest.mark.parametrize("statement", NO_COPIES)
def test_other_copies_need_no_client(statement: str) -> None:
    assert copy_command(statement) is None
