"""An operator searches messages by what they say, who sent them, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chatctl.db.files import sql_statement
from chatctl.errors import Invalid
from chatctl.services.moderation import search as searching
from chatctl.services.moderation.operators import OperatorAct
from chatctl.services.moderation.selectors import HitPosition, MessageSelector, require_filter
from tests.support.world import World

ACT = OperatorAct("ann@example.test", "a report", "T-1")
TEXTS = (
    "Good morning, everybody",
    "FREE coins at https://coins.example/now?a=1",
    "明天的会议几点开始？",  # noqa: RUF001
    "東京タワーでカフェ",
    "พรุ่งนี้มีประชุมไหม",
    "party 🎉🎉 tonight",
    "50% of “quoted” words, it's_odd \\ here",
    "morning run, then coins",
    "Été à la plage",
)


@dataclass(frozen=True)
class Chat:
    """A conversation with one message of each of TEXTS, by turns from two people."""

    world: World
    organization: UUID
    ann: UUID
    ben: UUID
    conversation: UUID
    messages: list[UUID]

    def search(
        self, selector: MessageSelector, *, after: HitPosition | None = None, count: int = 50
    ) -> list[searching.MessageHit]:
        return searching.search(
            self.world.operator, selector, ACT, after=after, count=count, on_wait=lambda _: None
        )

    def found(self, text: str | None = None, **filters: Any) -> list[str | None]:
        return [hit.content for hit in self.search(MessageSelector(text=text, **filters))]


@pytest.fixture(params=["unindexed", "indexed"])
def chat(world: World, request: pytest.FixtureRequest) -> Chat:
    organization, (ann, ben) = world.team(2)
    conversation = world.direct(organization, ann, ben)
    messages = [world.send((ann, ben)[number % 2], conversation, text) for number, text in enumerate(TEXTS)]
    if request.param == "indexed":
        for index in ("words", "time"):
            world.operator.execute(sql_statement(f"moderation/create_{index}_index"))
    return Chat(world, organization, ann, ben, conversation, messages)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("morning", [7, 0]),
        ("MORNING", [7, 0]),
        ("coins morning", [7]),
        ("morn", []),
        ("coins.example", [1]),
        ("https://coins.example/now?a=1", [1]),
        ("会议", [2]),
        ("议会", []),
        ("タワー", [3]),
        ("東京", [3]),
        ("ประชุม", [4]),
        ("🎉", [5]),
        ("quoted", [6]),
        ("50% quoted", [6]),
        ("%", [6]),
        ("_", [6]),
        ("été", [8]),
        ("?!", []),
        ("nothing of the kind", []),
        ("'; drop table messages; --", []),
        ("' | !a & (", []),
    ],
)
def test_a_text_is_found_with_and_without_the_index(chat: Chat, text: str, expected: list[int]) -> None:
    assert chat.found(text) == [TEXTS[number] for number in expected]


def test_filters_narrow_a_search(chat: Chat) -> None:
    everything = list(reversed(TEXTS))
    assert chat.found(organization_id=chat.organization) == everything
    assert chat.found(conversation_id=chat.conversation) == everything
    assert chat.found(organization_id=uuid4()) == []
    assert chat.found(sender_id=chat.ben) == everything[1::2]
    assert chat.found("morning", sender_id=chat.ben) == [TEXTS[7]]
    assert chat.found(since=datetime.now(UTC) - timedelta(minutes=5)) == everything
    assert chat.found(until=datetime.now(UTC) - timedelta(minutes=5)) == []
    assert chat.found(has_link=True) == [TEXTS[1]]
    assert chat.found("morning", has_link=True) == []
    assert chat.found(regex="^free.*now", conversation_id=chat.conversation) == [TEXTS[1]]


def test_reported_messages_are_found(chat: Chat) -> None:
    for number in 1, 7:
        chat.world.value(chat.ann, "select id from report_message(%s, 'spam')", chat.messages[number])
    assert chat.found(reported=True) == [TEXTS[7], TEXTS[1]]
    assert chat.found("free", reported=True) == [TEXTS[1]]
    assert chat.found("everybody", reported=True) == []


def test_messages_with_attachments_are_found(chat: Chat) -> None:
    path = f"{chat.organization}/chat/{chat.conversation}/6f1c0e5c-0000-4000-8000-000000000000_plan.pdf"
    attachment = {
        "id": "6f1c0e5c-0000-4000-8000-000000000000", "name": "plan.pdf", "type": "application/pdf",
        "size": 10, "url": path,
    }  # fmt: skip
    chat.world.value(
        chat.ann, "select id from send_message(%s, 'the plan', %s)", chat.conversation, Jsonb([attachment])
    )
    assert chat.found(has_attachment=True) == ["the plan"]


def test_deleted_messages_are_found_among_the_deleted_only(chat: Chat) -> None:
    chat.world.operator.execute(
        "select moderation.delete_messages(%s, 'ann', 'spam')", ([chat.messages[0], chat.messages[2]],)
    )
    assert chat.found("morning") == [TEXTS[7]]
    assert chat.found("morning", deleted=True) == [TEXTS[0]]
    assert chat.found("会议", deleted=True) == [TEXTS[2]]
    assert chat.found(deleted=True) == [TEXTS[2], TEXTS[0]]
    chat.world.operator.execute("select moderation.redact_messages(%s, 'ann', 'spam')", ([chat.messages[0]],))
    assert chat.found("morning", deleted=True) == []
    assert chat.found(deleted=True) == [TEXTS[2], None]


@pytest.mark.parametrize("text", [None, "morning"])
def test_pages_follow_each_other_without_gaps(chat: Chat, text: str | None) -> None:
    selector = MessageSelector(text=text, conversation_id=chat.conversation)
    expected = [hit.id for hit in chat.search(selector)]
    pages: list[UUID] = []
    after = None
    while hits := chat.search(selector, after=after, count=2):
        pages += [hit.id for hit in hits]
        after = HitPosition(hits[-1].created_at, hits[-1].id)
    assert pages == expected


def test_a_search_is_logged_without_what_was_searched_for(chat: Chat) -> None:
    chat.found("plage", sender_id=chat.ann, regex="secret.*pattern")
    action, targets, details = chat.world.operator.execute(
        "select action, targets, details from moderation.log"
    ).fetchall()[0]
    assert action == "read"
    assert [target.split(":")[0] for target in targets] == ["user"]
    hashes = chat.world.operator.execute(
        "select private.text_hash('plage'), private.text_hash('secret.*pattern')"
    ).fetchall()[0]
    assert details == {
        "command": "message search",
        "arguments": dict(zip(("text", "regex"), hashes, strict=True)),
    }
    everything = str(chat.world.operator.execute("select l::text from private.moderation_log l").fetchall())
    for secret in ("plage", "secret", str(chat.ann)):
        assert secret not in everything


def test_a_reason_that_names_the_sender_reads_nothing(chat: Chat) -> None:
    with pytest.raises(psycopg.Error) as error:
        searching.search(
            chat.world.operator,
            MessageSelector(sender_id=chat.ann),
            replace(ACT, reason="person0 is a spammer"),
            count=1,
            on_wait=lambda _: None,
        )
    assert error.value.sqlstate == "PT400"
    assert chat.world.fact("select count(*) from moderation.log") == 0


def test_a_bad_pattern_is_invalid(chat: Chat) -> None:
    with pytest.raises(Invalid, match="--regex"):
        chat.found(regex="a(", conversation_id=chat.conversation)


def test_a_search_of_too_many_messages_asks_for_a_filter(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    chat.world.operator.execute("analyze messages")
    monkeypatch.setattr(searching, "SCANNED_AT_MOST", 3)
    with pytest.raises(Invalid, match="would read about 9 messages"):
        chat.found("?!")
    assert chat.found("?!", sender_id=chat.ann) == []
    assert chat.world.fact("select count(*) from moderation.log") == 1


def test_the_index_of_words_is_on_the_expression_that_is_searched(world: World) -> None:
    for index in ("words", "time"):
        world.operator.execute(sql_statement(f"moderation/create_{index}_index"))
    with world.operator.transaction():
        world.operator.execute("set local enable_seqscan = off")
        plan = world.operator.execute(
            "explain select id from moderation.live_messages "
            "where moderation.search_words(content) @@ 'coins'::tsquery"
        ).fetchall()
    assert "messages_search" in str(plan)


@pytest.mark.parametrize(
    "selector",
    [
        MessageSelector(),
        MessageSelector(text=" "),
        MessageSelector(regex="a"),
        MessageSelector(regex="a", organization_id=UUID(int=1)),
        MessageSelector(regex="", conversation_id=UUID(int=1)),
        MessageSelector(since=datetime(2026, 1, 2, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_selector_that_bounds_nothing_is_refused(selector: MessageSelector) -> None:
    with pytest.raises(Invalid):
        require_filter(selector)
