"""One task at a time: acquiring an advisory lock, and what is reported while another session holds it."""

from __future__ import annotations

from chatctl.db.locks import AdvisoryLock, release_all
from tests.support.world import Database

LOCK = AdvisoryLock(1, "repair")


def test_a_free_lock_is_acquired_without_a_message(database: Database) -> None:
    messages: list[str] = []
    with database.connect() as conn:
        assert LOCK.acquire(conn, seconds=0, on_wait=messages.append)
    assert messages == []


def test_a_busy_lock_is_not_acquired_and_its_holder_is_named(database: Database) -> None:
    messages: list[str] = []
    with database.connect() as first, database.connect() as second:
        assert LOCK.acquire(first)
        assert not LOCK.acquire(second, seconds=0.3, on_wait=messages.append)
        holder = LOCK.holder(second)
        assert holder.startswith(f"pid {first.info.backend_pid}, chatctl, as postgres, since ")
        assert messages == [f"waiting for another repair: {holder}"]
        assert LOCK.still_busy(second, 0.3) == f"another repair is still running after 0.3 s: {holder}"


def test_a_released_lock_is_free_for_others(database: Database) -> None:
    other = AdvisoryLock(2, "repair")
    with database.connect() as first, database.connect() as second:
        assert LOCK.acquire(first)
        assert other.acquire(first)
        LOCK.release(first)
        assert LOCK.acquire(second, seconds=0)
        assert not other.acquire(second, seconds=0)
        release_all(first)
        assert other.acquire(second, seconds=0)


def test_a_transaction_level_lock_ends_with_its_transaction(database: Database) -> None:
    lock = AdvisoryLock(1, "repair", transaction=True)
    with database.connect() as first, database.connect() as second:
        with first.transaction():
            assert lock.acquire(first)
            assert not lock.acquire(second, seconds=0)
        assert lock.acquire(second, seconds=0)
        assert "just ended" in lock.holder(first)
