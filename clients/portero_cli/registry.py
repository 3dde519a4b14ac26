"""The commands; help shows them in this order, groups last. A new one is one file in commands/ and one name here."""

from __future__ import annotations

from typing import Protocol

import typer

from portero_cli.commands import (
    audit,
    cameras,
    compare,
    consent,
    demo,
    doctor,
    keys,
    people,
    search,
    sightings,
    stream,
    text,
    top,
    usage,
    watch,
)


class CommandModule(Protocol):
    """What a file in commands/ offers."""

    def add_to(self, app: typer.Typer) -> None:
        """Adds its command, or its group of commands, to the application."""
        ...


COMMANDS: tuple[CommandModule, ...] = (
    people,
    consent,
    search,
    compare,
    text,
    stream,
    watch,
    sightings,
    cameras,
    top,
    usage,
    audit,
    keys,
    doctor,
    demo,
)
