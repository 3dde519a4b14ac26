"""Writes server/SETTINGS.md from the settings; with --check, fails when the committed page differs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from portero_server.settings import PREFIX, Settings

PAGE = Path(__file__).resolve().parent.parent / "SETTINGS.md"


def page() -> str:
    """Gives the reference page, Markdown."""
    lines = [
        "# Settings of the server",
        "",
        "Environment variables, read once at start-up. Generated from `settings/` by `make reference`; not edited.",
        "",
        "| variable | default | what it is for |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") else f"`{field.default}`"
        description = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {description} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes the page, or checks it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write("server/SETTINGS.md drifted: run `make reference` and commit the result\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
