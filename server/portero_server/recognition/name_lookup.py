"""Looking up the name of a person whom the engine has found, without losing the answer while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from portero_server.domain.recording.sightings import CommitResult
from portero_server.domain.streams.messages import NamedMatch
from portero_server.errors import StoreUnavailable

NameOf = Callable[[str], Awaitable[str | None]]
"""Looks up a display name; None when there is no such person, or none who may be named."""

UNCONFIRMED = ""
"""Stands for the name of a person whom the database could not be asked about yet; nobody has an empty name.

Such a match is decided like any other. The commit asks again whether the person may be named, and its result holds
the name.
"""


async def name_in_time(name_of: NameOf, person_id: str, seconds: float) -> str | None:
    """Returns the person's display name, None if the person may not be named, or UNCONFIRMED.

    Args:
        name_of: Asks the database.
        person_id: Whom the engine found.
        seconds: How long the answer may wait for it.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            return await name_of(person_id)
    except StoreUnavailable:
        return UNCONFIRMED
    except TimeoutError:
        if not limit.expired():
            raise
        return UNCONFIRMED


def named_by(result: CommitResult, named: NamedMatch) -> NamedMatch | None:
    """Returns a match as it may be told after its commit: by the name that the commit found, or not at all."""
    person_id = named.match.person_id
    if person_id in result.unnamed:
        return None
    return NamedMatch(named.match, result.names.get(person_id, named.display_name))
