"""Messages about events."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import jsonschema
import pytest

import portero_server.events
from portero_server.domain.events.message import PictureLink, message_of, trial_message
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from tests.support.store.sighting_events import NOON, sighting

SCHEMA = json.loads((Path(portero_server.events.__file__).parent / "webhook.schema.json").read_text())


@pytest.mark.parametrize("kind", SightingEventKind)
@pytest.mark.parametrize("person", ["ana", None])
def test_messages_have_the_published_form(kind: SightingEventKind, person: str | None) -> None:
    """Of every kind, with a person and without; the schema allows nothing else."""
    message = message_of(SightingEvent(42, kind, sighting("s7", "door", person), NOON))
    jsonschema.validate(message.content, SCHEMA, format_checker=jsonschema.FormatChecker())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(message.content | {"data": message.content["data"] | {"more": 1}}, SCHEMA)


def test_a_message_names_the_sighting_camera_and_person() -> None:
    """By resource names, with times in UTC."""
    message = message_of(SightingEvent(42, SightingEventKind.LEFT, sighting("s7", "door", "ana"), NOON))
    assert message.message_id == "evt_s7_42"
    assert message.content == {
        "type": "sighting.left",
        "timestamp": "2026-03-02T12:00:00.000Z",
        "schema_version": 1,
        "data": {
            "position": 42,
            "sighting": "sightings/s7",
            "camera": "cameras/door",
            "person": "people/ana",
            "display_name": "Ana",
            "similarity": 0.9,
            "margin": 0.4,
            "first_seen_time": "2026-03-02T12:00:00.000Z",
            "last_seen_time": "2026-03-02T12:00:00.000Z",
        },
    }


def test_a_visitor_is_told_only_where_there_is_one() -> None:
    """Receivers of the earlier form get nothing new while strangers are not known again."""
    stranger = sighting("s7", "door", None)
    known = replace(stranger, visitor_id="v1", visit=2)
    before, after = (message_of(SightingEvent(42, SightingEventKind.REVISED, each, NOON)) for each in (stranger, known))
    assert {"visitor", "visit"}.isdisjoint(before.content["data"])
    assert after.content["data"] == before.content["data"] | {"visitor": "visitors/v1", "visit": 2}
    jsonschema.validate(after.content, SCHEMA)


def test_times_of_another_zone_are_told_in_utc() -> None:
    """Whatever zone a time was read in."""
    here = NOON.astimezone(timezone(timedelta(hours=-3)))
    event = SightingEvent(1, SightingEventKind.STARTED, replace(sighting(), first_seen=here), here)
    content = message_of(event).content
    assert content["timestamp"] == content["data"]["first_seen_time"] == "2026-03-02T12:00:00.000Z"


def test_the_message_that_tries_a_webhook_has_the_published_form() -> None:
    """It tells of nobody."""
    jsonschema.validate(trial_message(NOON).content, SCHEMA)
    assert trial_message(NOON).content["data"] == {}


def test_a_visitor_who_is_back_is_told_with_the_visit_before() -> None:
    """Alerts have a type of their own; how many visits there are by now is the number of this one."""
    known = replace(sighting("s7", "door", None), visitor_id="v1", visit=3)
    event = SightingEvent(42, SightingEventKind.VISITOR_RETURNED, known, NOON, last_visit=NOON - timedelta(days=1))
    content = message_of(event).content
    jsonschema.validate(content, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert content["type"] == "alert.visitor_returned"
    told = {name: content["data"][name] for name in ("visitor", "visit", "last_visit_time")}
    assert told == {"visitor": "visitors/v1", "visit": 3, "last_visit_time": "2026-03-01T12:00:00.000Z"}


def test_links_are_told_only_where_messages_have_them() -> None:
    """Off, nothing is new; on, a sighting without pictures has an empty list."""
    event = SightingEvent(42, SightingEventKind.LEFT, sighting("s7", "door", "ana"), NOON)
    off, none = message_of(event), message_of(event, [])
    assert "snapshots" not in off.content["data"]
    assert none.content["data"] == off.content["data"] | {"snapshots": []}
    kinds = ("face", "context")
    linked = message_of(event, [PictureLink(kind, "https://bucket.example/a?b=c", NOON) for kind in kinds])
    told = {"url": "https://bucket.example/a?b=c", "expire_time": "2026-03-02T12:00:00.000Z"}
    assert linked.content["data"]["snapshots"] == [{"kind": kind, **told} for kind in kinds]
    for message in (off, none, linked):
        jsonschema.validate(message.content, SCHEMA, format_checker=jsonschema.FormatChecker())
