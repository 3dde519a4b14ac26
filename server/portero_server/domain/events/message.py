"""The message that tells a webhook of one event; its form is published as events/webhook.schema.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portero_server.domain.events.alerts import ALERTS
from portero_server.domain.recording.sightings import SightingEvent

SCHEMA_VERSION = 1
"""Grows when a field is removed or changes its meaning; a new field changes nothing."""
TEST_ID = "evt_test"
"""The id of a message that was only sent to try the webhook."""


@dataclass(frozen=True, slots=True)
class EventMessage:
    """One message.

    Attributes:
        message_id: The same each time the event is sent, so that a receiver can tell that it has it already.
        content: What is sent, as JSON.
        event: What it is about, for destinations that have another form for it; None: it is about no event of a camera.
    """

    message_id: str
    content: dict[str, Any]
    event: SightingEvent | None = None


@dataclass(frozen=True, slots=True)
class PictureLink:
    """A link to a snapshot of a sighting.

    Attributes:
        kind: What it shows: "face" or "context".
        url: By which anybody can read it.
        expires_at: Until when it works at the longest, UTC.
    """

    kind: str
    url: str
    expires_at: datetime


def message_of(event: SightingEvent, links: Sequence[PictureLink] | None = None) -> EventMessage:
    """Returns the message about an event, with its sighting as it is now.

    Args:
        event: The event.
        links: To the snapshots that there are of the sighting by now; None: messages have no links.

    Someone who may not be named any more has no person and no name; whoever reads the event looks to that.
    """
    sighting = event.sighting
    named = sighting.person_id is not None
    data = {
        "position": event.position,
        "sighting": f"sightings/{sighting.sighting_id}",
        "camera": f"cameras/{sighting.camera_id}",
        "person": f"people/{sighting.person_id}" if named else None,
        "display_name": sighting.display_name if named else None,
        "similarity": round(sighting.similarity, 4) if named else None,
        "margin": round(sighting.margin, 4) if named else None,
        "first_seen_time": _text(sighting.first_seen),
        "last_seen_time": _text(sighting.last_seen),
    }
    if sighting.visitor_id is not None:
        data |= {"visitor": f"visitors/{sighting.visitor_id}", "visit": sighting.visit}
    if event.last_visit is not None:
        data["last_visit_time"] = _text(event.last_visit)
    if links is not None:
        data["snapshots"] = [
            {"kind": each.kind, "url": each.url, "expire_time": _text(each.expires_at)} for each in links
        ]
    topic = "alert" if event.kind in ALERTS else "sighting"
    return EventMessage(message_id_of(event), _content(f"{topic}.{event.kind.value}", event.happened_at, data), event)


def message_id_of(event: SightingEvent) -> str:
    """Returns the id of the message about an event, the same each time and for every receiver."""
    # A database that was made anew counts from 1 again; a sighting's id does not come again.
    return f"evt_{event.sighting.sighting_id}_{event.position}"


def trial_message(now: datetime) -> EventMessage:
    """Returns the message that tries a webhook."""
    return EventMessage(TEST_ID, _content("webhook.test", now, {}))


def _content(kind: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "timestamp": _text(at), "schema_version": SCHEMA_VERSION, "data": data}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
