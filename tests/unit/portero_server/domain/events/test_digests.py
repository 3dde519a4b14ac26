"""What one digest tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from portero_server.domain.events.digests import LONGEST_DIGEST, MOST_LINES, Digest, DigestEntry
from portero_server.domain.events.message import EventMessage
from portero_server.domain.events.wording import text_of

_MOMENT = datetime(2026, 3, 2, 21, tzinfo=UTC)
_SANTIAGO = ZoneInfo("America/Santiago")
_LONG = "Ñandú Íñiguez " * 10 + "de la Peña"


def _message(name: str, kind: str = "sighting.started") -> EventMessage:
    data = {"display_name": name, "camera": "cameras/door"}
    return EventMessage("evt", {"type": kind, "timestamp": "2026-03-02T11:14:00.000Z", "data": data})


def _entry(position: int, name: str, kind: str = "sighting.started") -> DigestEntry:
    def told(names: Mapping[str, str]) -> EventMessage | None:
        return _message(names[str(position)], kind) if str(position) in names else None

    return DigestEntry(position, _MOMENT, str(position), told)


def _filled(positions: Collection[int], name: str = "Ana", kind: str = "sighting.started") -> Digest:
    digest = Digest(_MOMENT, "es", _SANTIAGO)
    for position in positions:
        digest.add(_entry(position, name, kind), _message(name, kind))
    return digest


def _told(digest: Digest, name: str = "Ana") -> EventMessage:
    names = {str(number): name for number in range(1, 1000)}
    message = digest.message("digest_events_1_999", "events", 999, names)
    assert message is not None
    return message


def test_fifty_entries_have_a_line_and_the_others_are_counted() -> None:
    """The count is that of all."""
    digest = _filled(range(1, 151))
    assert [each.position for each in digest.shown] == [*range(1, MOST_LINES + 1)]
    text = text_of(_told(digest), "es", _SANTIAGO)
    assert text.title == "Resumen del 2026-03-02 18:00: 150 avisos"
    assert text.body.count("Se ve a Ana (door)") == MOST_LINES
    assert "\ny 100 más\n" in text.body


def test_lines_have_room_where_services_take_4096_characters() -> None:
    """What comes after the first one without room has none either."""
    digest = _filled(range(1, 151), _LONG)
    short = _entry(151, "Ana")
    digest.add(short, _message("Ana"))
    assert 10 < len(digest.shown) < MOST_LINES
    assert short not in digest.shown
    text = text_of(_told(digest, _LONG), "es", _SANTIAGO)
    lines = [line for line in text.body.split("\n") if _LONG in line]
    assert LONGEST_DIGEST - len(lines[0]) - 1 < sum(len(line) + 1 for line in lines) <= LONGEST_DIGEST
    assert len(text.title + text.body) < 4096


def test_a_first_line_is_shown_whatever_its_length() -> None:
    """Else nothing would be."""
    assert [each.position for each in _filled([1, 2], "Ñ" * 4000).shown] == [1]


def test_types_are_counted_and_whoever_may_not_be_named_is_not() -> None:
    """Neither with a line nor in the counts."""
    digest = _filled([3, 5])
    digest.add(_entry(9, "Íñigo", "sighting.left"), _message("Íñigo", "sighting.left"))
    assert digest.people == {"3", "5", "9"}
    message = digest.message("digest_events_3_9", "events", 9, {"3": "Ana", "9": "Íñigo"})
    assert message is not None
    assert message.message_id == "digest_events_3_9"
    assert (message.content["type"], message.content["timestamp"]) == ("digest.events", "2026-03-02T21:00:00.000Z")
    data = message.content["data"]
    assert (data["position"], data["count"]) == (9, 2)
    assert data["counts"] == {"sighting.started": 1, "sighting.left": 1}
    assert [entry["data"]["display_name"] for entry in data["entries"]] == ["Ana", "Íñigo"]


def test_where_nothing_may_be_told_there_is_no_message() -> None:
    """As where everybody was erased, or nothing was added."""
    assert _filled([1, 2]).message("digest_events_1_2", "events", 2, {}) is None
    assert _filled([]).message("digest_events_1_2", "events", 2, {}) is None
