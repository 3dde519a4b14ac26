"""The list of commands, in the order of the help text, groups last.

A new command is one file in commands/ and one name here.
"""

from __future__ import annotations

from typing import Protocol

import typer

from portero_cli.commands import (
    attendance,
    audit,
    cameras,
    checkin,
    checkins,
    compare,
    consent,
    console,
    decisions,
    demo,
    doctor,
    export,
    faces,
    gallery,
    guests,
    keys,
    migrate,
    people,
    review,
    search,
    sightings,
    snapshots,
    stream,
    subscriptions,
    text,
    top,
    usage,
    visitors,
    watch,
)


class CommandModule(Protocol):
    """The interface of a file in commands/."""

    def add_to(self, app: typer.Typer) -> None:
        """Registers its command, or its group of commands, with the application."""
        ...


COMMANDS: tuple[CommandModule, ...] = (
    people,
    faces,
    gallery,
    consent,
    search,
    compare,
    text,
    checkin,
    checkins,
    guests,
    stream,
    watch,
    sightings,
    export,
    decisions,
    review,
    snapshots,
    visitors,
    attendance,
    cameras,
    top,
    usage,
    audit,
    keys,
    subscriptions,
    migrate,
    doctor,
    console,
    demo,
)
