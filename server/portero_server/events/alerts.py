"""Turns events of strangers into the alerts that they are, for subscriptions that ask for these."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from portero_server.domain.events.alerts import ALERTS, AlertRules, SeenBefore, alert_of, asked_for
from portero_server.domain.recording.sightings import Sighting, SightingEvent, SightingEventKind


class SightingsBefore(Protocol):
    """Reads what was seen before; see `store.strangers_before`."""

    async def of(self, sighting: Sighting) -> SeenBefore:
        """Returns what was seen before a sighting. Raises StoreUnavailable."""
        ...


class Alerts:
    """Decides which events are alerts."""

    def __init__(self, before: SightingsBefore, rules: AlertRules) -> None:
        """Decides by `rules`, of what `before` reads."""
        self._before = before
        self._rules = rules

    async def told(
        self, events: Sequence[SightingEvent], wanted: Collection[SightingEventKind]
    ) -> Sequence[SightingEvent]:
        """Returns events, those that are wanted alerts as these; the others are as they were.

        Args:
            events: As they are stored, also with people who may not be named: these are no strangers.
            wanted: Kinds that somebody asks for.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        if not ALERTS & set(wanted):
            return events
        return [await self._of(event) if asked_for(event, wanted) else event for event in events]

    async def _of(self, event: SightingEvent) -> SightingEvent:
        alert = alert_of(event, await self._before.of(event.sighting), self._rules)
        return event if alert is None else alert
