"""Chooses the events that somebody is told of."""

from __future__ import annotations

from collections.abc import Sequence

from portero_server.access.authorized_cameras import AuthorizedCameras, Sites
from portero_server.domain.events.delivery import EventFilter
from portero_server.domain.events.subscriptions import Subscription
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.events.alerts import Alerts


class FixedSelection:
    """Chooses by a filter that knows no sites."""

    def __init__(self, wanted: EventFilter) -> None:
        self._wanted = wanted

    async def refresh(self) -> None:
        """Does nothing: nothing changes."""

    async def told(self, events: Sequence[SightingEvent]) -> Sequence[SightingEvent]:
        """Returns the events as they are: alerts are for subscriptions."""
        return events

    def wants(self, event: SightingEvent) -> bool:
        """Returns whether an event is sent."""
        return self._wanted.wants(event)


class SubscriptionSelection:
    """Chooses by a subscription's scope and filter, both with the cameras that their sites have now."""

    def __init__(self, subscription: Subscription, sites: Sites, alerts: Alerts) -> None:
        self._subscription = subscription
        self._alerts = alerts
        self._scope = AuthorizedCameras(subscription.scope, sites)
        self._places = AuthorizedCameras(subscription.wanted.places, sites)

    async def refresh(self) -> None:
        """Reads the cameras of the sites again, if they were read seconds ago.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        await self._scope.refresh()
        await self._places.refresh()

    async def told(self, events: Sequence[SightingEvent]) -> Sequence[SightingEvent]:
        """Returns events, those that are alerts for which the subscription asks as these.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        return await self._alerts.told(events, self._subscription.wanted.kinds)

    def wants(self, event: SightingEvent) -> bool:
        """Returns whether an event is sent."""
        camera_id = event.sighting.camera_id
        covered = self._scope.covers(camera_id) and self._places.covers(camera_id)
        return covered and self._subscription.wants(event)
