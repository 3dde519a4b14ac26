"""Writes SETTINGS.md from the settings; with --check, fails when the committed page differs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from portero_console.settings import PREFIX, ConsoleSettings

PAGE = Path(__file__).resolve().parent / "SETTINGS.md"

_INTRODUCTION = """# Settings of the console

Environment variables, read once at start-up; an empty one counts as unset, and an unknown `PORTERO_CONSOLE_…` name is
an error. Which server is called, and by which certificates, is said by the variables of all clients (`PORTERO_SERVER`,
`PORTERO_TLS`, `PORTERO_CA_FILE` and so on). The console never uses `PORTERO_TOKEN` or `PORTERO_TOKEN_FILE`: everybody
comes with a key of their own. Generated from `settings.py` by `make reference`; not edited.

| variable | default | what it is for |
|---|---|---|
"""


def page() -> str:
    """Returns the reference page, Markdown."""
    return _INTRODUCTION + "".join(_row(name) for name in ConsoleSettings.model_fields)


def _row(name: str) -> str:
    field = ConsoleSettings.model_fields[name]
    default = "" if field.default in (None, "") else f"`{field.default}`"
    return f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |\n"


def main() -> int:
    """Writes the page, or checks it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write("clients/portero_console/SETTINGS.md drifted: run `make reference` and commit the result\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
