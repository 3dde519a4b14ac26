"""What became of the messages of a subscription."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_server.domain.recording.sightings import SightingEventKind


class DeliveryOutcome(Enum):
    """What became of a message so far."""

    DELIVERED = "delivered"
    WAITING = "waiting"
    """It was not taken, and is tried again."""
    GIVEN_UP = "given_up"
    """A dead letter: it is not tried again unless a replay asks for it."""


@dataclass(frozen=True, slots=True)
class SubscriptionDelivery:
    """What became of one message, without its content.

    Attributes:
        position: Of the event.
        message_id: The webhook-id of each attempt.
        camera_id: Whose event it was.
        kind: Of the event, or the alert that it was told as; None: this server does not know it.
        happened_at: When the event was, UTC, as the other times.
        outcome: What became of it so far.
        status: The HTTP status of the last answer; None: there was none.
        problem: What went wrong last, in words without the URL; empty: nothing.
        attempts: How often it was sent.
        first_at: When it was sent first.
        last_at: When it was sent last.
        notice: Type of the message, where it was a notice of attendance or a digest, of which the position is the last
            one; empty: it was an event, of a camera.
    """

    position: int
    message_id: str
    camera_id: str
    kind: SightingEventKind | None
    happened_at: datetime
    outcome: DeliveryOutcome
    status: int | None
    problem: str
    attempts: int
    first_at: datetime
    last_at: datetime
    notice: str = ""
