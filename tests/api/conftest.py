"""A contract server and a client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from supabase import Client

from chatctl.api import client as api
from chatctl.services.seed.people import PASSWORD, PASSWORD_HASH
from tests.support.contract import SECRET_KEY, Project, serving


@pytest.fixture
def project() -> Iterator[Project]:
    with serving(Project(passwords={PASSWORD_HASH: PASSWORD})) as project:
        yield project


@pytest.fixture
def client(project: Project) -> Iterator[Client]:
    with api.connect(project.url, SECRET_KEY, patience=20) as client:
        yield client
