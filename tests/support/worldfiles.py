"""Files that describe a world: a template, the mistakes reported for a file, the limits of a built world."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from chatctl.errors import Invalid
from chatctl.services.seed import limits
from chatctl.services.seed.outline import Outline
from chatctl.services.seed.spec import (
    Habits,
    Named,
    Spec,
    Talk,
    Team,
)
from chatctl.services.seed.specfile import load

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "world.yaml"
DOCS = ROOT / "docs" / "seed-worlds.md"

Written = Callable[[str | bytes], Path]

KINDS = (Spec, Habits, Team, Named, Talk)
KEYS = [f"{field}: " for kind in KINDS for field in kind.__dataclass_fields__]

BASE = """\
messages: 100
organizations:
  - name: Harbour
    slug: harbour
    users: 9
    named:
      - {email: pat@harbour.example, name: Pat Doe}
      - {email: kim@harbour.example, name: Kim Berg, role: admin}
    conversations:
      - {direct: true, users: [pat@harbour.example], count: 3}
      - {name: Everyone, size: 50}
  - name: Quay
    slug: quay
    users: 5
    conversations:
      - {}
"""


def mistakes_in(path: Path) -> list[str]:
    """The reported mistakes of a file, without its name."""
    with pytest.raises(Invalid) as refused:
        load(path)
    head, *lines = refused.value.message.split("\n  ")
    assert head == f"{path} is not a valid world:" if lines else head.startswith(str(path))
    return [line.removeprefix(f"{path}:") for line in lines or [head]]


def keeps_limits(built: Outline) -> None:
    """Assert the properties that the backend and the rest of the seed rely on."""
    spec = built.spec
    assert built.messages == sum(limits.amounts(spec))
    emails = [person.email for person in built.people]
    assert len(set(emails)) == len(emails) == sum(team.users for team in spec.organizations)
    members = {(member.organization_id, member.user_id) for member in built.members}
    assert len(members) == len(built.members) == len(emails) + len(spec.organizations) * spec.visits
    pairs: Counter[object] = Counter()
    for chat in built.chats:
        people = {person.id for person in chat.people}
        assert len(people) == len(chat.people)
        assert {(chat.conversation.organization_id, person) for person in people} <= members
        if chat.conversation.is_group:
            assert 3 <= len(people) <= 50
            assert len(chat.conversation.name or "") in range(1, 256)
        else:
            assert len(people) == 2
            pairs[chat.conversation.organization_id, frozenset(people)] += 1
    assert set(pairs.values()) <= {1}
    for organization in built.organizations:
        assert re.fullmatch("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", organization.slug)
        roles = [it.role for it in built.members if it.organization_id == organization.id]
        assert "owner" in roles
