"""A generated page that is committed: written, or checked for drift."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def keep(page: Path, text: str, described: str) -> int:
    """Writes the page or, with --check, compares it with the committed one.

    Args:
        page: Where it is committed.
        text: What it should hold.
        described: What the command says of itself.

    Returns:
        The exit code: 1 when the committed page differs.
    """
    parser = argparse.ArgumentParser(description=described)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    if not parser.parse_args().check:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.is_file() and page.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{page.parent.name}/{page.name} drifted: run `make reference` and commit the result\n")
    return 1
