"""Files of the bucket: fixed path, participants only, and no name that breaks a listing."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.world import World

ADD = "insert into storage.objects (bucket_id, name, owner_id) values (%s, %s, %s)"
LIST = "select name from storage.objects order by name"
HOSTILE = [
    "not-a-uuid/x/..",
    "",
    "/",
    "//",
    "a",
    "a/b/c/d/e/f",
    "../../etc/passwd",
    "{1,2}/chat/{3}/x",
    "%s/chat/%s/x",
    "null/chat/null/x",
    "\u202e/chat/\u0007/x",
    "x" * 900,
]


@pytest.fixture
def chat(world: World) -> tuple[UUID, UUID, UUID, UUID]:
    """Organization, conversation, and its two participants."""
    organization, (ann, ben) = world.team(2)
    return organization, world.direct(organization, ann, ben), ann, ben


def _name(organization: object, conversation: object, *, folder: str = "chat", file: str = "a.png") -> str:
    return f"{organization}/{folder}/{conversation}/{uuid4()}_{file}"


def test_a_hostile_file_name_does_not_break_a_listing(
    world: World, chat: tuple[UUID, UUID, UUID, UUID]
) -> None:
    organization, conversation, ann, ben = chat
    name = _name(organization, conversation)
    for hostile in HOSTILE:
        world.rows(None, ADD, "attachments", hostile, None, role="service_role")

    world.rows(ann, ADD, "attachments", name, str(ann))

    assert world.rows(ann, LIST) == world.rows(ben, LIST) == [(name,)]
    assert len(world.rows(None, LIST, role="service_role")) == len(HOSTILE) + 1


def test_only_participants_read_and_add_files(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    organization, conversation, ann, ben = chat
    colleague, stranger = world.user(), world.user()
    world.join_organization(organization, colleague)
    world.rows(ann, ADD, "attachments", _name(organization, conversation), str(ann))

    assert len(world.rows(ben, LIST)) == 1
    for outsider in (colleague, stranger):
        assert world.rows(outsider, LIST) == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.rows(outsider, ADD, "attachments", _name(organization, conversation), str(outsider))


def test_a_removed_member_cannot_read_files(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    organization, conversation, ann, ben = chat
    world.rows(ann, ADD, "attachments", _name(organization, conversation), str(ann))

    world.operator.execute("delete from organization_members where user_id = %s", (ben,))

    assert world.rows(ben, LIST) == []


def test_the_path_is_organization_chat_conversation_file(
    world: World, chat: tuple[UUID, UUID, UUID, UUID]
) -> None:
    organization, conversation, ann, _ = chat
    other = world.organization(ann)
    file = f"{uuid4()}_a.png"
    for wrong in (
        _name(other, conversation),
        _name(organization, other),
        _name(organization, conversation, folder="files"),
        _name(str(organization).upper(), conversation),
        f"{organization}/{conversation}/{file}",
        f"{organization}/chat/{conversation}/deeper/{file}",
        f"{organization}/chat/{conversation}/../{file}",
        f"{organization}/chat/{conversation}/a.png",
        f"{organization}/chat/{conversation}/",
        f"/{organization}/chat/{conversation}/{file}",
        file,
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.rows(ann, ADD, "attachments", wrong, str(ann))
    assert world.changed(ann, ADD, "attachments", f"{organization}/chat/{conversation}/{file}", str(ann)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "a\nb",
        "a\r",
        "\t",
        "\x01",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\x9f",
        "a\u2028b",
        "\u2029",
        "..",
        "a..b",
        "x" * 201,
    ],
)
def test_a_file_name_has_no_control_characters_or_parent_directories(
    world: World, chat: tuple[UUID, UUID, UUID, UUID], name: str
) -> None:
    organization, conversation, ann, _ = chat

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ann, ADD, "attachments", _name(organization, conversation, file=name), str(ann))


@pytest.mark.parametrize(
    "name", ["a", ".png", "Bericht (1).pdf", "見積書.xlsx", "a.b.c", "\u202e", "x" * 200]
)
def test_other_file_names_are_accepted(world: World, chat: tuple[UUID, UUID, UUID, UUID], name: str) -> None:
    organization, conversation, ann, ben = chat

    world.rows(ann, ADD, "attachments", _name(organization, conversation, file=name), str(ann))

    assert len(world.rows(ben, LIST)) == 1


def test_nobody_can_access_another_bucket(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    organization, conversation, ann, _ = chat
    world.operator.execute("insert into storage.buckets (id, name) values ('other', 'other')")
    name = _name(organization, conversation)
    world.rows(None, ADD, "other", name, None, role="service_role")

    assert world.rows(ann, LIST) == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.rows(ann, ADD, "other", _name(organization, conversation), str(ann))


def test_a_file_can_be_neither_changed_nor_deleted(world: World, chat: tuple[UUID, UUID, UUID, UUID]) -> None:
    organization, conversation, ann, _ = chat
    name = _name(organization, conversation)
    world.rows(ann, ADD, "attachments", name, str(ann))

    for statement in (
        "update storage.objects set name = name || 'x'",
        "update storage.objects set owner_id = null",
        "delete from storage.objects",
    ):
        try:
            assert world.changed(ann, statement) == 0
        except psycopg.errors.InsufficientPrivilege:
            continue
    assert world.rows(ann, LIST) == [(name,)]


def test_the_bucket_is_private_and_has_limits(world: World) -> None:
    row = world.operator.execute(
        "select public, file_size_limit, cardinality(allowed_mime_types) "
        "from storage.buckets where id = 'attachments'"
    ).fetchone()

    assert row == (False, 10485760, 9)
