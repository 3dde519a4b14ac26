"""Decides what an answer of a webhook means, when a message is tried again, and how far all messages are delivered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from portero_server.domain.recording.sightings import SightingEvent

_GONE = 410
_REFUSALS = frozenset((400, 413, 415, 422))
"""Answers that say something about this message. All others, as 401, 404 or 500, are about the webhook, and pass."""
_TRIES_OF_REFUSED = 5
"""After so many refusals a message is given up: else one that a receiver cannot read would hold up all others."""


class DeliveryResult(Enum):
    """What became of one attempt."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"
    GONE = "gone"


def result_of(status: int) -> DeliveryResult:
    """Returns what an HTTP status means; a redirect is a failure, since none is followed."""
    if 200 <= status < 300:
        return DeliveryResult.DELIVERED
    if status == _GONE:
        return DeliveryResult.GONE
    return DeliveryResult.REFUSED if status in _REFUSALS else DeliveryResult.FAILED


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a message is tried again.

    Attributes:
        first: Seconds before the second try; each further wait is twice as long.
        longest: Most seconds between two tries.
        patience: A message about an event that is older is given up when it fails.
    """

    first: float = 1.0
    longest: float = 600.0
    patience: timedelta = timedelta(days=3)

    def pause(self, failures: int, share: float) -> float:
        """Returns the seconds to wait after so many failures in a row.

        Args:
            failures: At least 1.
            share: 0 to 1, drawn at random: several servers, and several messages, do not come all at once.
        """
        whole = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return whole * (0.5 + share / 2)

    def gives_up(self, result: DeliveryResult, refusals: int, age: timedelta) -> bool:
        """Returns whether a message that was not taken is given up.

        Args:
            result: What became of the last attempt.
            refusals: How often the receiver has refused the message.
            age: Time since the event.
        """
        if age > self.patience:
            return True
        return result is DeliveryResult.REFUSED and refusals >= _TRIES_OF_REFUSED


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are sent; all conditions must hold.

    Attributes:
        kinds: Kinds of events, by their values.
        strangers: Whether those of people without a name are sent too.
    """

    kinds: frozenset[str]
    strangers: bool = True

    def wants(self, event: SightingEvent) -> bool:
        """Returns whether an event is sent."""
        return event.kind.value in self.kinds and (self.strangers or event.sighting.person_id is not None)


def lanes(events: Sequence[SightingEvent]) -> Sequence[Sequence[SightingEvent]]:
    """Returns the events of each camera, in order: cameras do not wait for each other."""
    by_camera: dict[str, list[SightingEvent]] = {}
    for event in events:
        by_camera.setdefault(event.sighting.camera_id, []).append(event)
    return list(by_camera.values())


def settled_up_to(events: Sequence[SightingEvent], settled: Collection[int], before: int) -> int:
    """Returns the position up to which nothing is left to send.

    Args:
        events: In order, all that lie after `before`.
        settled: Positions of those that were delivered, given up or not wanted.
        before: The position known so far.
    """
    for event in events:
        if event.position not in settled:
            return before
        before = event.position
    return before
