"""Node, and the packages of the examples in it; both are optional."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.support.repository import ROOT

EXAMPLE: Path = ROOT / "clients" / "portero_client" / "examples" / "node"


def missing() -> str:
    """Returns what is missing to run the Node examples and how to get it, or nothing."""
    if shutil.which("node") is None:
        return "node is not installed (on Debian: apt-get install nodejs npm)"
    wanted = json.loads((EXAMPLE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    if not all((EXAMPLE / "node_modules" / name).is_dir() for name in wanted):
        return f"its packages are not installed: npm ci --prefix {EXAMPLE.relative_to(ROOT)}"
    return ""
