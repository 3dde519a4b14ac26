"""Which events of strangers are worth an alert: somebody unknown is seen, or a visitor is back.

An alert follows from what is stored alone. So it is the same whoever sends it, and however often; and somebody who goes
in and out makes one alert, since each time counts from the last one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind

INSTEAD_OF = {
    SightingEventKind.UNKNOWN_PERSON: SightingEventKind.STARTED,
    SightingEventKind.VISITOR_RETURNED: SightingEventKind.REVISED,
}
"""The kind of event instead of which each alert is told."""
ALERTS = frozenset(INSTEAD_OF)
"""Kinds that are told only to who asks for them."""


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """What was seen before a stranger's sighting began.

    Attributes:
        site: Of the camera; empty: it has none.
        stranger: When anybody unknown was last seen at the camera; None: not lately.
        visitor: When the same visitor was last seen at the site; None: never, or it is no visitor.
    """

    site: str = ""
    stranger: datetime | None = None
    visitor: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertRules:
    """When strangers are worth an alert.

    Attributes:
        quiet: For how long nobody unknown, or not the same visitor, must have been seen before.
        forbidden_sites: Sites of whose strangers nobody is told so.
    """

    quiet: timedelta
    forbidden_sites: frozenset[str] = frozenset()


def asked_for(event: SightingEvent, wanted: Collection[SightingEventKind]) -> bool:
    """Returns whether what was seen before an event decides if it is one of the wanted alerts."""
    sighting = event.sighting
    if sighting.person_id is not None or sighting.erased or sighting.reviewed or not sighting.track_count:
        return False
    if event.kind is SightingEventKind.STARTED:
        return SightingEventKind.UNKNOWN_PERSON in wanted
    returned = event.kind is SightingEventKind.REVISED and sighting.visitor_id is not None and sighting.visit > 1
    return returned and SightingEventKind.VISITOR_RETURNED in wanted


def alert_of(event: SightingEvent, before: SeenBefore, rules: AlertRules) -> SightingEvent | None:
    """Returns an event as the alert that it is; None: it is none.

    Args:
        event: One of which `asked_for` holds.
        before: What was seen before.
        rules: When it is one.
    """
    if before.site in rules.forbidden_sites:
        return None
    began = event.sighting.first_seen
    if event.kind is SightingEventKind.STARTED:
        quiet = before.stranger is None or began - before.stranger >= rules.quiet
        return replace(event, kind=SightingEventKind.UNKNOWN_PERSON) if quiet else None
    if before.visitor is None or began - before.visitor < rules.quiet:
        return None
    return replace(event, kind=SightingEventKind.VISITOR_RETURNED, last_visit=before.visitor)
