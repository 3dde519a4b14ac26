"""Looks up the name of an identified person without losing the engine's answer if the database is unavailable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from portero_server.errors import StoreUnavailable

NameOf = Callable[[str], Awaitable[str | None]]
"""Looks up a display name; returns None if the person does not exist or may not be named."""

UNCONFIRMED = ""
"""Placeholder for a name that could not be read from the database yet; real names are never empty.

Such a match is decided like any other. The commit asks again whether the person may be named, and its result holds
the name.
"""


async def name_in_time(name_of: NameOf, person_id: str, seconds: float) -> str | None:
    """Returns the person's display name, None if the person may not be named, or UNCONFIRMED.

    Args:
        name_of: Asks the database.
        person_id: The person the engine identified.
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
