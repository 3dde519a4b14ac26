"""Runs code as if only the base of the package were installed, without any extra."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

_EXTRA = re.compile(r"extra\s*==")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_REFUSE = """
import json, sys

class Refuse:
    names = frozenset(json.loads(sys.argv.pop(1)))

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
"""


def run_with_base(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python code in a process that finds the packages of the base only."""
    command = [sys.executable, "-c", f"{_REFUSE}\n{code}", json.dumps(sorted(absent_modules())), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@cache
def absent_modules() -> frozenset[str]:
    """Returns the modules that are installed here only because of extras and of development."""
    base = _base()
    return frozenset(
        module
        for module, owners in packages_distributions().items()
        if not base & {_canonical(owner) for owner in owners}
    )


def _base() -> set[str]:
    """Returns the distributions that `pip install portero` installs."""
    found: set[str] = set()
    waiting = ["portero"]
    while waiting:
        name = _canonical(waiting.pop())
        if name in found:
            continue
        try:
            needs = requires(name) or ()
        except PackageNotFoundError:
            # For another platform or Python.
            continue
        found.add(name)
        waiting += [match.group() for need in needs if not _EXTRA.search(need) and (match := _NAME.match(need))]
    return found


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
