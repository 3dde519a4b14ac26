"""Completes ids on the command line, as the server has them: the shell asks with each press of the tab key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

import typer

from portero_client import BlockingPorteroClient, ConnectionSettings, PorteroError
from portero_client.names import CAMERAS, KEYS, PEOPLE

# Whoever waits for the shell waits no longer than this, seconds.
_PATIENCE = 2.0
_MOST_LOOKED_AT = 5000
_MOST_SHOWN = 200

Found = Iterable[tuple[str, str]]
"""Ids, each with what it stands for."""


def complete_people(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Returns the ids of people that begin with what was typed, with their names."""
    return _beginning(ctx, incomplete, _people)


def complete_cameras(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Returns the ids of cameras that begin with what was typed, with their names."""
    return _beginning(ctx, incomplete, _cameras)


def complete_keys(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Returns the ids of keys that begin with what was typed, with their names."""
    return _beginning(ctx, incomplete, _keys)


def _people(client: BlockingPorteroClient) -> Iterator[tuple[str, str]]:
    for person in client.people.list(page_size=1000):
        yield PEOPLE.identifier(person.name), person.display_name


def _cameras(client: BlockingPorteroClient) -> Iterator[tuple[str, str]]:
    for camera in client.cameras.list(page_size=1000):
        yield CAMERAS.identifier(camera.name), camera.display_name


def _keys(client: BlockingPorteroClient) -> Iterator[tuple[str, str]]:
    for key in client.keys.list(page_size=1000):
        yield KEYS.identifier(key.name), key.display_name


def _beginning(
    ctx: typer.Context, incomplete: str, listed: Callable[[BlockingPorteroClient], Found]
) -> list[tuple[str, str]]:
    server = ctx.params.get("server") or ctx.find_root().params.get("server")
    try:
        settings = replace(ConnectionSettings.from_environment(server), timeout=_PATIENCE)
        with BlockingPorteroClient(settings) as client:
            looked_at = islice(listed(client), _MOST_LOOKED_AT)
            return list(islice((each for each in looked_at if each[0].startswith(incomplete)), _MOST_SHOWN))
    except PorteroError:
        # The shell would print an error amid what is being typed.
        return []
