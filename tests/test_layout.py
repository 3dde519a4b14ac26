"""The tests lie where tests/README.md says: unit/ mirrors the sources, and who imports whom has a direction."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.repository import ROOT

TESTS = ROOT / "tests"
UNIT = TESTS / "unit"
SESSION = frozenset({"mariadb", "migrated_file", "migrated_schema"})
PROGRAMS = frozenset({"benchmarks", "chaos", "fuzz", "simulation"})
SOURCES = {
    "portero_bridge": ROOT / "clients",
    "portero_cli": ROOT / "clients",
    "portero_console": ROOT / "clients",
    "portero_client": ROOT / "clients",
    "portero_infra": ROOT / "infra",
    "portero_reports": ROOT / "clients",
    "portero_server": ROOT / "server",
    "portero_simulator": ROOT / "server",
}
LAYOUT: dict[str, Any] = tomllib.loads((UNIT / "layout.toml").read_text(encoding="utf-8"))
WITHOUT: dict[str, Any] = LAYOUT["without"]
# The tests of what a program found drive the program, so that it is not written twice.
TOLERATED = {("tests/end_to_end/test_rapid_reset.py", "tests.benchmarks.hostile.attacker")}


def _unit_tests() -> list[str]:
    return [str(path.relative_to(UNIT)) for path in sorted(UNIT.rglob("test_*.py"))]


def _subject(test: str) -> str:
    """Returns the module or package that a test is named after."""
    path = Path(test)
    return str(path.with_name(path.stem.removeprefix("test_")))


def _source(module: str) -> Path:
    return SOURCES[module.partition("/")[0]] / module


def _is_module(module: str) -> bool:
    return _source(module).with_suffix(".py").is_file()


def _modules() -> Iterator[str]:
    for package, folder in SOURCES.items():
        for path in sorted((folder / package).rglob("*.py")):
            if path.stem not in ("__init__", "__main__") and "migrations" not in path.parts:
                yield str(path.relative_to(folder).with_suffix(""))


def _imports(path: Path) -> set[str]:
    """Returns the modules that a file imports, each as far as its name tells."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in found if name.startswith("tests.")}


def _foreign(path: Path) -> set[str]:
    """Returns the programs that a file below tests/ imports and is no part of."""
    own = path.relative_to(TESTS).parts[0]
    return {name for name in _imports(path) if (top := name.split(".")[1]) in PROGRAMS and top != own}


def test_each_unit_test_is_named_after_a_module() -> None:
    """A test lies where its module does, or is listed with what it is about."""
    odd = {test for test in _unit_tests() if not _is_module(_subject(test)) and not _source(_subject(test)).is_dir()}
    assert odd == set(LAYOUT["tests"])


def test_each_module_has_a_test_of_its_name_or_is_listed_with_who_tests_it() -> None:
    """A new module without a test fails here, and so does a list that is longer than it must be."""
    tested = {_subject(test) for test in _unit_tests()}
    untested = [module for module in _modules() if module not in tested]
    listed = sorted(module for group in WITHOUT.values() for module in group["modules"])
    assert sorted(untested) == listed


def test_what_is_said_to_test_the_others_is_there() -> None:
    """Each group without tests of its own names tests that exist, or declares and decides nothing."""
    missing = [path for group in WITHOUT.values() for path in group["held_by"] if not (ROOT / path).exists()]
    assert missing == []
    assert {name for name, group in WITHOUT.items() if not group["held_by"]} <= {"declarations"}


def test_modules_that_only_declare_decide_nothing() -> None:
    """No function of a module that is listed as a declaration has more than a dozen statements."""
    large = [
        f"{module}:{node.name}"
        for module in WITHOUT["declarations"]["modules"]
        for node in ast.walk(ast.parse(_source(module).with_suffix(".py").read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and sum(isinstance(each, ast.stmt) for each in ast.walk(node)) > 13
    ]
    assert large == []


def test_unit_holds_nothing_but_tests() -> None:
    """What tests share is in support/, not among them."""
    others = [
        str(path.relative_to(UNIT))
        for path in UNIT.rglob("*.py")
        if not path.name.startswith("test_") and path.name != "conftest.py"
    ]
    assert others == []


def test_nobody_imports_a_conftest() -> None:
    """A conftest holds fixtures for the folder it is in."""
    assert [str(path) for path in TESTS.rglob("*.py") if any("conftest" in name for name in _imports(path))] == []


def test_fixtures_of_the_session_are_imported_once() -> None:
    """A fixture is another one for each module that imports it: a server of the session would be started for each."""
    importing = {
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and SESSION & {each.name for each in node.names}
    }
    assert importing == {"conftest.py"}


def test_support_stands_by_itself() -> None:
    """Nothing in support/ knows the tests or programs that use it; its own tests may, of contracts."""
    upward = {
        (str(path.relative_to(ROOT)), name)
        for path in (TESTS / "support").rglob("*.py")
        for name in _imports(path)
        if not name.startswith("tests.support")
    }
    assert upward == set()


def test_tests_and_programs_do_not_lean_on_programs() -> None:
    """What two of them share is in support/: nobody imports a program but the program itself and its tests."""
    leaning = {
        (str(path.relative_to(ROOT)), name)
        for path in TESTS.rglob("*.py")
        for name in _foreign(path)
        if (ROOT / (name.replace(".", "/") + ".py")).is_file()
    }
    assert leaning == TOLERATED
