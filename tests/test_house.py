"""The house stands as it is drawn."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.support.repository import ROOT

SOURCES = ("server", "clients", "infra")


def test_folders_of_the_repository_are_no_packages(tmp_path: Path) -> None:
    """`import server` fails: packages are found by their own names only."""
    done = subprocess.run([sys.executable, "-I", "-c", "import server"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0
    assert b"No module named 'server'" in done.stderr


def test_no_file_holds_two_ideas() -> None:
    """No source file is longer than 400 lines."""
    long = {
        str(path.relative_to(ROOT)): length
        for folder in SOURCES
        for path in (ROOT / folder).rglob("*.py")
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_every_test_says_in_a_sentence_what_it_shows() -> None:
    """Each test function has a docstring of one sentence."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").endswith(".")
    ]
    assert silent == []


PACKAGES = (
    "server/portero_server",
    "server/portero_simulator",
    "clients/portero_bridge",
    "clients/portero_cli",
    "clients/portero_client",
    "clients/portero_console",
    "clients/portero_reports",
)

_BANNED = frozenset(
    [
        "Bell",
        "Cascade",
        "Census",
        "Deserted",
        "Door",
        "Entrance",
        "Eyes",
        "Farewell",
        "Forgetting",
        "Fort",
        "Gathering",
        "Handler",
        "Helper",
        "Looker",
        "Manager",
        "WatchUpdate",
        "Office",
        "Paying",
        "Reach",
        "Remembering",
        "Savings",
        "Station",
        "Thrift",
        "Utils",
        "Visitbook",
    ]
)
"""Private words of an earlier time, and words that say nothing.

The glossary in server/README.md has the field's own.
"""


def classes(folder: Path) -> dict[str, list[str]]:
    """Returns the public classes of a package and the files that define them."""
    found = defaultdict(list)
    for path in sorted(folder.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    return found


def words_of(name: str) -> set[str]:
    """Returns the words that a class or module name is made of."""
    return {word.capitalize() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)}


def test_one_name_means_one_thing() -> None:
    """No two public classes of a package have the same name."""
    twice = {
        f"{package}:{name}": files
        for package in PACKAGES
        for name, files in classes(ROOT / package).items()
        if len(files) > 1
    }
    assert twice == {}


def test_names_are_the_words_of_the_field() -> None:
    """No class or module is named by a word that only this code knew."""
    private = [
        f"{path.relative_to(ROOT)}: {name}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in [path.stem, *classes_in(path)]
        if words_of(name) & _BANNED
    ]
    assert private == []


def classes_in(path: Path) -> list[str]:
    """Returns every class that a file defines, private and nested ones too."""
    return [
        node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)
    ]


def test_the_house_notices_a_private_word() -> None:
    """A banned word is found inside a compound name of either style."""
    assert words_of("GalleryHandler") & _BANNED
    assert words_of("key_office") & _BANNED
    assert not words_of("StationaryFilter") & _BANNED


def test_rooms_have_the_names_that_the_readme_lists() -> None:
    """The table of packages in server/README.md and the packages of the server are the same."""
    page = (ROOT / "server" / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"(?m)^\| `(\w+)/` \|", page))
    rooms = {path.parent.name for path in (ROOT / "server" / "portero_server").glob("*/__init__.py")}
    assert rooms - {"settings"} == listed


_RIDDLE = re.compile(
    r"(Gives?|Tells?|Told|Whom|Chance|Whoever|Somebody|Takes it that|So many|Looks away|Lets? go)\b"
    r"|\w+[.!]$"
    r"|.*\b(whoever|worth nothing|as far as anybody)\b"
)
"""First lines of docstrings that say nothing, or that only their author understands."""


def summaries(source: str) -> list[tuple[int, str]]:
    """Returns the first line of every docstring of a module, with its line number."""
    return [
        (getattr(node, "lineno", 1), text.splitlines()[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (text := ast.get_docstring(node))
    ]


def test_docstrings_say_what_a_thing_does() -> None:
    """No docstring of the sources begins with a banned opening or consists of a single word."""
    riddles = [
        f"{path.relative_to(ROOT)}:{line}: {summary}"
        for folder in SOURCES
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, summary in summaries(path.read_text(encoding="utf-8"))
        if _RIDDLE.match(summary)
    ]
    assert riddles == []


def test_the_house_notices_a_riddle() -> None:
    """A banned opening and a single verb are found, and a plain sentence is not."""
    assert all(map(_RIDDLE.match, ["Gives the key.", "Chooses.", "Whom.", "The key is worth nothing."]))
    assert not any(map(_RIDDLE.match, ["Returns the key.", "Chooses a key.", "Givens are fixed."]))
    assert summaries('class Key:\n    """Opens."""\n') == [(1, "Opens.")]
