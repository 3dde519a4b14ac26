"""Writes server/SETTINGS.md from the settings; with --check, fails when the committed page differs."""

from __future__ import annotations

from pathlib import Path

from portero_server.reference.committed_page import keep
from portero_server.settings import PREFIX, Settings

PAGE = Path(__file__).resolve().parents[2] / "SETTINGS.md"


def page() -> str:
    """Returns the reference page, Markdown."""
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


if __name__ == "__main__":
    raise SystemExit(keep(PAGE, page(), str(__doc__)))
