"""The output of a command: JSON for machines or tables for people on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from portero_bridge.redact import redact_url

PIPED_WIDTH = 240


@dataclass(frozen=True, slots=True)
class Output:
    """The output of a command; `as_json` selects JSON: one document on stdout, one a line on stderr."""

    as_json: bool

    def show(self, document: object, *renderables: RenderableType) -> None:
        """Prints the JSON document, or else the renderables for people."""
        if self.as_json:
            print(json.dumps(jsonable(document), ensure_ascii=False, indent=2))
            return
        for renderable in renderables:
            # Sentences are the terminal's to wrap, so that a pipe gets them whole.
            console().print(renderable, markup=False, soft_wrap=isinstance(renderable, str | Text))

    def show_line(self, document: object, line: str) -> None:
        """Prints one of many results at once: a JSON document on its own line, or else a line for people."""
        print(json.dumps(jsonable(document), ensure_ascii=False) if self.as_json else printable(line), flush=True)

    def note(self, text: str) -> None:
        """Prints a message beside the result, on stderr: a line, or with JSON a document of one line."""
        said = json.dumps({"note": text}, ensure_ascii=False) if self.as_json else printable(text)
        print(said, file=sys.stderr, flush=True)

    def error(self, message: str, document: Mapping[str, Any]) -> None:
        """Prints an error on stderr as exactly one line, with JSON the document.

        An address in either loses its password, whatever was mistyped.
        """
        if self.as_json:
            said = json.dumps(_redacted(document), ensure_ascii=False)
        else:
            said = f"error: {printable(' '.join(redact_url(message).split()))}"
        print(said, file=sys.stderr, flush=True)

    def progress(self) -> Progress:
        """Returns a progress bar on stderr that disappears when done; nothing if stderr is not a terminal."""
        return Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )


def console() -> Console:
    """Returns a console on stdout; into a pipe it is wide, so that no cell is cut."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(width=width, highlight=False)


def printable(text: str) -> str:
    """Returns a text without characters that could control a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def cell(value: object) -> Text:
    """Returns a table cell whose text is not interpreted as markup."""
    return Text(printable(str(value)))


def jsonable(value: object) -> Any:
    """Returns a value in a form that JSON can encode.

    Keys are field names, as in the proto; times are RFC 3339 in UTC, durations seconds as "90s", enumerations their
    lower-case names.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    return value


def _redacted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _redacted(item) for key, item in value.items()}
    return redact_url(value) if isinstance(value, str) else value
