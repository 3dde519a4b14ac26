"""Asks whether the best candidates of an answer are people who are easily taken for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from portero_server.domain.detection.detections import close_race
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import StoreUnavailable
from portero_server.recognition.tiered import Identify

ConfusableWith = Callable[[str, Collection[str]], Awaitable[frozenset[str]]]
"""Returns those of the others who are known to be easily taken for a person; may raise StoreUnavailable."""

_PATIENCE = 0.5
"""Seconds that an answer waits for the database, well within the time that a decision has."""


def wary(identify: Identify, confusable_with: ConfusableWith, confusable_margin: float) -> Identify:
    """Returns `identify` with `Identification.confusable` set where it can matter.

    Only then is the database asked, as it is for a name. If it does not answer, all who are that near count as
    confusable: nobody is named rather than the wrong person.

    Args:
        identify: Asks an engine.
        confusable_with: Asks the database.
        confusable_margin: See `MatchPolicy`.
    """

    async def identified(crop: FaceCrop) -> Identification:
        found = await identify(crop)
        race = close_race(found.candidates, confusable_margin)
        if race is None:
            return found
        try:
            async with asyncio.timeout(_PATIENCE) as limit:
                confusable = await confusable_with(race.person_id, race.rivals)
        except StoreUnavailable:
            confusable = race.rivals
        except TimeoutError:
            if not limit.expired():
                raise
            confusable = race.rivals
        return replace(found, confusable=confusable)

    return identified
