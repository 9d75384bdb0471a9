"""Statements that the program running a script must know about: transaction, login, and COPY rows."""

from __future__ import annotations

from chatctl.sqltext.reader import Reader
from chatctl.sqltext.statements import bare, leading_words
from chatctl.sqltext.tokens import tokens

_MOST_WORDS = 4


def transaction_command(statement: str) -> str | None:
    """The words that begin, end or change the transaction around ``statement``; None for other statements."""
    words = leading_words(statement, _MOST_WORDS)
    return " ".join(words[: _about_transaction(words)]) or None


def session_command(statement: str) -> str | None:
    """The words that affect the transaction, a savepoint or the session's user; None for other statements."""
    words = leading_words(statement, _MOST_WORDS)
    return " ".join(words[: _about_transaction(words) or _about_savepoint_or_login(words)]) or None


def copy_command(statement: str) -> str | None:
    """The words of a COPY from stdin or to stdout; None for other statements."""
    if leading_words(statement, 1) != ["copy"]:
        return None
    text = bare(statement)
    depth = 0  # of parentheses
    reader = Reader(tokens(text))
    while token := reader.take_any():
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if not depth and token.is_word("from", "to") and (stream := reader.take_one_of("stdin", "stdout")):
            return text[: token.end + 1 + len(stream)]
    return None


def _about_transaction(words: list[str]) -> int:
    """The number of leading ``words`` that form a transaction command; 0 for other statements."""
    match words:
        case ["rollback" | "abort", "to", *_] | ["rollback" | "abort", "work" | "transaction", "to", *_]:
            number = 0  # this is ROLLBACK TO SAVEPOINT
        case ["begin" | "commit" | "end" | "rollback" | "abort", *_]:
            number = 1
        case ["start" | "prepare", "transaction", *_]:
            number = 2
        case ["set", "session", "characteristics", *_]:
            number = 3
        case ["set", "session" | "local", name, *_] if _is_of_transaction(name):
            number = 3
        case ["set", name, *_] if _is_of_transaction(name):
            number = 2
        case _:
            number = 0
    return number


def _is_of_transaction(setting: str) -> bool:
    return setting == "transaction" or setting.startswith("transaction_")


def _about_savepoint_or_login(words: list[str]) -> int:
    match words:
        case ["savepoint" | "release" | "rollback" | "abort", *_]:
            return 1
        case ["discard", "all", *_]:
            return 2
        case ["set" | "reset", "session", "authorization", *_]:
            return 3
        case ["set", "session" | "local", "session", "authorization", *_]:
            return 4
    return 0
