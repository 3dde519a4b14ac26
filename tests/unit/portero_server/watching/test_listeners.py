"""Several listeners of new events."""

from __future__ import annotations

from portero_server.watching.listeners import EventListeners


class _Listener:
    def __init__(self) -> None:
        self.heard: list[int] = []

    def notify(self, position: int) -> None:
        self.heard.append(position)


def test_everybody_is_notified_from_when_they_were_added() -> None:
    """In the order in which they were added."""
    first, later = _Listener(), _Listener()
    listeners = EventListeners(first)
    listeners.notify(3)
    listeners.add(later)
    listeners.notify(5)
    assert (first.heard, later.heard) == ([3, 5], [5])
