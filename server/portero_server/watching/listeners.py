"""Notifies several listeners of new events."""

from __future__ import annotations

from typing import Protocol


class EventObserver(Protocol):
    """Is notified when events have been written."""

    def notify(self, position: int) -> None:
        """Events up to this position exist."""
        ...


class EventListeners:
    """Any number of listeners, as one."""

    def __init__(self, *listeners: EventObserver) -> None:
        self._listeners = list(listeners)

    def add(self, listener: EventObserver) -> None:
        """Notifies this one too from now on."""
        self._listeners.append(listener)

    def notify(self, position: int) -> None:
        """Notifies all that events up to this position exist."""
        for listener in self._listeners:
            listener.notify(position)
