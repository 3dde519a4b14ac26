"""Events of strangers become alerts for who asks for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from portero_server.domain.events.alerts import AlertRules, SeenBefore
from portero_server.domain.recording.sightings import Sighting, SightingEvent, SightingEventKind
from portero_server.events.alerts import Alerts
from tests.support.store.sighting_events import NOON, sighting

UNKNOWN, RETURNED = SightingEventKind.UNKNOWN_PERSON, SightingEventKind.VISITOR_RETURNED


class _Before:
    """Somebody unknown was seen at the camera "busy" a minute ago, and each visitor a day ago."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def of(self, sighting: Sighting) -> SeenBefore:
        """Returns what was seen before."""
        self.asked.append(sighting.sighting_id)
        busy = NOON - timedelta(minutes=1) if sighting.camera_id == "busy" else None
        return SeenBefore(stranger=busy, visitor=NOON - timedelta(days=1))


def _events() -> list[SightingEvent]:
    visitor = replace(sighting("s4", "door", None), visitor_id="v1", visit=2)
    return [
        SightingEvent(1, SightingEventKind.STARTED, sighting("s1", "door", None), NOON),
        SightingEvent(2, SightingEventKind.STARTED, sighting("s2", "busy", None), NOON),
        SightingEvent(3, SightingEventKind.STARTED, sighting("s3", "door", "ana"), NOON),
        SightingEvent(4, SightingEventKind.REVISED, visitor, NOON),
    ]


async def test_events_are_told_as_the_alerts_that_are_wanted() -> None:
    """The others stay as they are, in their order."""
    alerts = Alerts(_Before(), AlertRules(timedelta(hours=1)))
    for wanted, kinds in (
        ({UNKNOWN, RETURNED}, [UNKNOWN, SightingEventKind.STARTED, SightingEventKind.STARTED, RETURNED]),
        ({RETURNED}, [*[SightingEventKind.STARTED] * 3, RETURNED]),
    ):
        told = await alerts.told(_events(), wanted)
        assert [each.kind for each in told] == kinds
        assert [each.position for each in told] == [1, 2, 3, 4]


async def test_nothing_is_read_for_who_asks_for_no_alerts() -> None:
    """Subscriptions without them cost what they did."""
    before = _Before()
    alerts = Alerts(before, AlertRules(timedelta(hours=1)))
    assert await alerts.told(_events(), {SightingEventKind.STARTED}) == _events()
    assert await alerts.told(_events(), frozenset()) == _events()
    assert before.asked == []
