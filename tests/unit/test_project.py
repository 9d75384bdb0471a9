"""Where chatctl.yaml and .chatctl are searched: upwards to the root of the repository, and no further."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatctl.errors import Invalid, NotFound
from chatctl.settings import load, project_around
from chatctl.settings.project import Project


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory that contains all files of the test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SUDO_UID", raising=False)
    return tmp_path


@pytest.fixture
def repository(home: Path) -> Path:
    """A git repository with a chatctl.yaml at its root, and a directory ``a/b`` in it."""
    root = home / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "a" / "b").mkdir(parents=True)
    (root / "chatctl.yaml").write_text("default: prod\ntargets: {prod: {environment: production}}\n")
    return root


def test_the_file_at_the_root_applies_in_every_directory_of_a_repository(repository: Path) -> None:
    target = load(directory=repository / "a" / "b", env={}).target

    assert target.environment == "production"
    assert target.source == f"default of {repository / 'chatctl.yaml'}: prod"
    assert load(directory=repository, env={}).target.source == "default of chatctl.yaml: prod"


def test_a_worktree_has_a_file_named_git(repository: Path) -> None:
    (repository / ".git").rmdir()
    (repository / ".git").write_text("gitdir: elsewhere\n")

    assert project_around(repository / "a").config == repository / "chatctl.yaml"


def test_the_nearest_file_applies(repository: Path) -> None:
    (repository / "a" / "chatctl.yaml").write_text("targets: {}\n")

    assert project_around(repository / "a" / "b").config == repository / "a" / "chatctl.yaml"


def test_outside_a_repository_only_the_working_directory_is_searched(repository: Path) -> None:
    (repository / ".git").rmdir()

    assert project_around(repository / "a").config is None
    assert project_around(repository).config == repository / "chatctl.yaml"


def test_files_above_the_root_are_ignored(repository: Path, home: Path) -> None:
    (repository / "chatctl.yaml").rename(home / "chatctl.yaml")

    assert project_around(repository / "a").config is None


def test_the_search_does_not_leave_the_home_directory(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(repository / "a"))

    assert project_around(repository / "a" / "b").config is None
    monkeypatch.setenv("HOME", str(repository))
    assert project_around(repository / "a" / "b").config == repository / "chatctl.yaml"


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
STRANGER = 54_321


@needs_root
@pytest.mark.parametrize("foreign", [".", "a", "a/b", ".git"])
def test_the_search_ends_at_directories_of_another_user(repository: Path, foreign: str) -> None:
    os.chown(repository / foreign, STRANGER, STRANGER)

    assert project_around(repository / "a" / "b").config is None


@needs_root
def test_a_file_of_another_user_is_not_read_from_a_subdirectory(repository: Path) -> None:
    os.chown(repository / "chatctl.yaml", STRANGER, STRANGER)

    with pytest.raises(Invalid, match="belongs to another user"):
        load(directory=repository / "a", env={})
    assert load(directory=repository, env={}).target.environment == "production"


@needs_root
def test_with_sudo_files_of_the_calling_user_are_trusted(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (repository, repository / ".git", repository / "a", repository / "chatctl.yaml"):
        os.chown(path, STRANGER, STRANGER)
    monkeypatch.setenv("SUDO_UID", str(STRANGER))

    assert load(directory=repository / "a", env={}).target.environment == "production"


@pytest.mark.parametrize("name", ["chatctl.yaml", ".chatctl"])
def test_a_dangling_link_is_an_error(repository: Path, name: str) -> None:
    (repository / "a" / name).symlink_to("nowhere")

    with pytest.raises(
        Invalid, match=f"{repository / 'a' / name} is a symbolic link whose target does not exist"
    ):
        load(directory=repository / "a" / "b", env={})


def test_a_directory_in_place_of_the_file_is_an_error(repository: Path) -> None:
    (repository / "a" / "chatctl.yaml").mkdir()

    with pytest.raises(Invalid, match=r"chatctl\.yaml is not a file"):
        load(directory=repository / "a" / "b", env={})


def test_a_pipe_in_place_of_the_file_is_an_error(repository: Path) -> None:
    os.mkfifo(repository / "a" / "chatctl.yaml")

    with pytest.raises(Invalid, match=r"chatctl\.yaml is not a file"):
        load(directory=repository / "a", env={})


def test_the_server_is_the_nearest_one_or_created_next_to_the_file_or_at_the_root(repository: Path) -> None:
    below = repository / "a" / "b"
    assert project_around(below).embedded == repository / ".chatctl"

    (repository / "a" / "chatctl.yaml").write_text("targets: {}\n")
    assert project_around(below).embedded == repository / "a" / ".chatctl"

    (below / ".chatctl").mkdir()
    assert project_around(below).embedded == below / ".chatctl"

    (repository / ".git").rmdir()
    assert project_around(repository / "a").embedded == repository / "a" / ".chatctl"


def test_messages_name_the_searched_directories(repository: Path) -> None:
    below = repository / "a" / "b"
    (repository / "chatctl.yaml").unlink()

    with pytest.raises(NotFound) as missing:
        load(target="prod", directory=below, env={})

    assert str(missing.value).endswith(f"{below} and the directories above it up to {repository}")
    assert str(Project((below,))) == str(below)
