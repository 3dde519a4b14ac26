"""Chooses the events that somebody is told of."""

from __future__ import annotations

from portero_server.access.authorized_cameras import AuthorizedCameras, Sites
from portero_server.domain.events.delivery import EventFilter
from portero_server.domain.events.subscriptions import Subscription
from portero_server.domain.recording.sightings import SightingEvent


class FixedSelection:
    """Chooses by a filter that knows no sites."""

    def __init__(self, wanted: EventFilter) -> None:
        self._wanted = wanted

    async def refresh(self) -> None:
        """Does nothing: nothing changes."""

    def wants(self, event: SightingEvent) -> bool:
        """Returns whether an event is sent."""
        return self._wanted.wants(event)


class SubscriptionSelection:
    """Chooses by a subscription's scope and filter, both with the cameras that their sites have now."""

    def __init__(self, subscription: Subscription, sites: Sites) -> None:
        self._wanted = subscription.wanted
        self._scope = AuthorizedCameras(subscription.scope, sites)
        self._places = AuthorizedCameras(subscription.wanted.places, sites)

    async def refresh(self) -> None:
        """Reads the cameras of the sites again, if they were read seconds ago.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        await self._scope.refresh()
        await self._places.refresh()

    def wants(self, event: SightingEvent) -> bool:
        """Returns whether an event is sent."""
        camera_id = event.sighting.camera_id
        return self._scope.covers(camera_id) and self._places.covers(camera_id) and self._wanted.wants(event)
