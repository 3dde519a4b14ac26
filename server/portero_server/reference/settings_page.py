"""Writes server/SETTINGS.md from the settings; with --check, fails when the committed page differs."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic_settings import BaseSettings

from portero_server.reference.committed_page import keep
from portero_server.settings import PREFIX, Settings

PAGE = Path(__file__).resolve().parents[2] / "SETTINGS.md"

USUAL = (
    "database_url",
    "listen",
    "tls_certificate",
    "tls_key",
    "auth",
    "engine",
    "admin_listen",
    "consent",
)
"""What most deployments decide: where results go, who can connect and how, what recognizes, and consent."""

_INTRODUCTION = """# Settings of the server

Environment variables, read once at start-up. An empty one counts as unset; a `PORTERO_…` name that is neither here nor
one of the clients' is an error. `portero-server check` tries the settings without serving. Generated from `settings/`
by `make reference`; not edited."""


def page() -> str:
    """Returns the reference page in Markdown."""
    groups = tuple(_groups())
    contents = " · ".join(f"[{heading}](#{heading.lower()})" for heading, _, _ in groups)
    parts = [_INTRODUCTION, contents, "## Most deployments set these eight", _table(USUAL)]
    for heading, purpose, names in groups:
        parts += [f"## {heading}", purpose, _table(names)]
    return "\n\n".join(parts) + "\n"


def _groups() -> Iterator[tuple[str, str, list[str]]]:
    """Yields the heading, the purpose and the settings of each class that `Settings` is made of."""
    for group in reversed(Settings.__mro__):
        if not issubclass(group, BaseSettings) or group in (BaseSettings, Settings):
            continue
        heading = group.__module__.rpartition(".")[2].capitalize()
        declared = inspect.get_annotations(group)
        names = [name for name in Settings.model_fields if name in declared]
        yield heading, (inspect.getdoc(group) or "").partition("\n")[0], names


def _table(names: Iterable[str]) -> str:
    return "\n".join(["| variable | default | what it is for |", "|---|---|---|", *(_row(name) for name in names)])


def _row(name: str) -> str:
    field = Settings.model_fields[name]
    default = "" if field.default in (None, "") else f"`{field.default}`"
    description = (field.description or "").replace("|", "\\|")
    return f"| `{PREFIX}{name.upper()}` | {default} | {description} |"


if __name__ == "__main__":
    raise SystemExit(keep(PAGE, page(), str(__doc__)))
