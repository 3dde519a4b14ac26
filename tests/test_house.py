"""The house stands as it is drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
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
    import ast

    silent = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").endswith(".")
    ]
    assert silent == []
