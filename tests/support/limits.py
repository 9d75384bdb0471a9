"""A scene for the limits of writes: for each limit, a statement that counts against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from tests.support.world import World

SEND = "insert into messages (organization_id, conversation_id, sender_id, content) values (%s, %s, %s, 'hi')"

ADD = "insert into conversation_participants (conversation_id, user_id) values (%s, %s)"

LEAVE = "delete from conversation_participants where conversation_id = %s and user_id = %s"

UPLOAD = (
    "insert into storage.objects (bucket_id, name, owner_id, metadata) values ('attachments', %s, %s, %s)"
)

ONE_OF_HER_MESSAGES = "(select id from messages where sender_id = %s order by seq limit 1 offset %s)"

REPORT_ONE = (
    "insert into message_reports (message_id, reporter_id, kind) "
    f"select id, sender_id, 'spam' from messages where id = {ONE_OF_HER_MESSAGES}"
)

DELETE_ONE = f"update messages set deleted_at = now() where id = {ONE_OF_HER_MESSAGES}"

TRIES = 30
ALLOWED = 7


@dataclass
class Scene:
    """Ann manages a group of all people; each has written in it."""

    world: World
    organization: UUID
    people: list[UUID]
    conversation: UUID
    messages: list[UUID]

    @property
    def ann(self) -> UUID:
        return self.people[0]

    def path(self) -> str:
        return f"{self.organization}/chat/{self.conversation}/{uuid4()}_a.png"


def create_scene(world: World) -> Scene:
    organization, people = world.team(50)
    conversation = world.group(organization, *people[:10])
    messages = [world.send(person, conversation) for person in people[:10]]
    for table in ("send_windows", "action_windows"):
        world.operator.execute(f"truncate private.{table}".encode())
    return Scene(world, organization, people, conversation, messages)


Try = Callable[[Scene, int], tuple[str, tuple[Any, ...]]]

# For each limit a statement that counts against it once; Ann runs it in sessions with different numbers.
ATTEMPTS: dict[str, Try] = {
    "message": lambda s, n: (SEND, (s.organization, s.conversation, s.ann)),
    "edit": lambda s, n: ("update messages set content = %s where id = %s", (f"{uuid4()}", s.messages[0])),
    "delete": lambda s, n: (DELETE_ONE, (s.ann, n)),
    "reaction": lambda s, n: ("select toggle_reaction(%s, 'hm')", (s.messages[n % 10],)),
    "mark": lambda s, n: (
        "update conversation_participants set is_starred = not is_starred where user_id = %s", (s.ann,)
    ),
    "touch": lambda s, n: ("update conversations set updated_at = now() where id = %s", (s.conversation,)),
    "rename": lambda s, n: (
        "update conversations set name = %s where id = %s",
        (f"{uuid4()}", s.conversation),
    ),
    "conversation": lambda s, n: (
        "insert into conversations (organization_id, name, is_group, created_by) values (%s, 'g', true, %s)",
        (s.organization, s.ann),
    ),
    "add": lambda s, n: (ADD, (s.conversation, s.people[10 + n])),
    "remove": lambda s, n: (LEAVE, (s.conversation, s.people[1 + n])),
    "profile": lambda s, n: ("update user_profiles set full_name = %s where id = %s", (f"{n}", s.ann)),
    "upload": lambda s, n: (UPLOAD, (s.path(), str(s.ann), None)),
    "upload_bytes": lambda s, n: (UPLOAD, (s.path(), str(s.ann), Jsonb({"size": 1}))),
    "return": lambda s, n: (ADD, (s.conversation, s.people[40])),
    "report": lambda s, n: (REPORT_ONE, (s.ann, n)),
}  # fmt: skip

# Other limits that an attempt also counts against.
ALSO_COUNTS_AGAINST = {"upload_bytes": ["upload"], "return": ["add"]}

# What an attempt needs first, in addition to lifting the other limits.
PREPARATIONS: dict[str, Callable[[Scene], None]] = {}


def _prepares(*names: str) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    def register(prepare: Callable[[Scene], None]) -> Callable[[Scene], None]:
        PREPARATIONS.update(dict.fromkeys(names, prepare))
        return prepare

    return register


@_prepares("delete", "report")
def write_many_messages(scene: Scene) -> None:
    for _ in range(TRIES):
        scene.world.operator.execute(SEND.encode(), (scene.organization, scene.conversation, scene.ann))
        scene.world.forget_sending()


@_prepares("remove")
def _everybody_participates(scene: Scene) -> None:
    add = "insert into conversation_participants (conversation_id, user_id) select %s, unnest(%s::uuid[])"
    scene.world.operator.execute(add.encode(), (scene.conversation, scene.people[10:]))


@_prepares("return")
def _somebody_has_left(scene: Scene) -> None:
    person = scene.people[40]
    for _ in range(ALLOWED):
        scene.world.operator.execute(ADD.encode(), (scene.conversation, person))
        scene.world.changed(person, LEAVE, scene.conversation, person)


def lower_limit(scene: Scene, action: str, allowed: int = ALLOWED) -> None:
    """Lower the limit, and extend minutes to hours: far longer than any of these tests takes."""
    scene.world.operator.execute(
        "select private.set_limit(action, %s, greatest(per, '6 hours'), 'ops', 'a test') "
        "from private.limits where action = %s",
        (allowed, action),
    )


def make_attempt(scene: Scene, action: str, number: int) -> None:
    statement, values = ATTEMPTS[action](scene, number)
    assert scene.world.changed(scene.ann, statement, *values)


def age_windows(world: World, seconds: float) -> None:
    """Move the stored times back, as if that much time had passed."""
    world.operator.execute(
        "update private.action_windows w "
        "set at = array(select t - %s * interval '1 s' from unnest(w.at) t order by t)",
        (seconds,),
    )
