"""Node, and the packages of the example in it; both are optional."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.repository import ROOT

EXAMPLE: Path = ROOT / "clients" / "portero_client" / "examples" / "node"


def missing() -> str:
    """Returns what is missing to run the Node example and how to get it, or nothing."""
    if shutil.which("node") is None:
        return "node is not installed (on Debian: apt-get install nodejs npm)"
    if not (EXAMPLE / "node_modules" / "@grpc" / "grpc-js").is_dir():
        return f"its packages are not installed: npm ci --prefix {EXAMPLE.relative_to(ROOT)}"
    return ""
