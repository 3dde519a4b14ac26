"""The digest: one message of all that waits, with a line for each of the first ones and a count of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from portero_server.domain.events.message import SCHEMA_VERSION, EventMessage
from portero_server.domain.events.wording import digest_line

MOST_LINES = 50
"""Most entries of a digest that have a line; the others are counted."""
LONGEST_DIGEST = 3500
"""Most characters of these lines: some services take no more than 4,096 of a message."""


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """Something that may be told in a digest.

    Attributes:
        position: Of the event or the notice.
        happened_at: When it was, UTC.
        person_id: Whom it is about; None: nobody with a name.
        told: Returns the message about it for the names that may be told now; None: it is not told.
    """

    position: int
    happened_at: datetime
    person_id: str | None
    told: Callable[[Mapping[str, str]], EventMessage | None]


@dataclass(slots=True)
class Digest:
    """What is told in one message; entries are added in order.

    Attributes:
        moment: The time of the digest, UTC.
        language: In which it is told.
        zone: In which times are told.
        shown: The entries that have a line.
        hidden: How many entries have none, by the type of their message.
    """

    moment: datetime
    language: str
    zone: ZoneInfo
    shown: list[DigestEntry] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    _length: int = 0

    def add(self, entry: DigestEntry, message: EventMessage) -> None:
        """Adds an entry by its message: with a line while there is room, else as a count."""
        length = len(digest_line(message.content, self.language, self.zone, self.moment)) + 1
        room = len(self.shown) < MOST_LINES and self._length + length <= LONGEST_DIGEST
        # The first line is shown whatever its length, and none after one that has no room.
        if self.hidden or (self.shown and not room):
            self.hidden[message.content["type"]] += 1
            return
        self.shown.append(entry)
        self._length += length

    @property
    def people(self) -> set[str]:
        """People whom the entries with a line are about."""
        return {entry.person_id for entry in self.shown if entry.person_id is not None}

    def message(self, message_id: str, topic: str, position: int, names: Mapping[str, str]) -> EventMessage | None:
        """Returns the message of the digest; None: nothing is left to tell.

        Args:
            message_id: The same each time that it is sent.
            topic: "events" or "attendance".
            position: Up to which everything is told.
            names: Of `people`, those that may be told now. Who may not be named any more is counted by none.
        """
        told = [message for entry in self.shown if (message := entry.told(names)) is not None]
        counts = self.hidden + Counter(message.content["type"] for message in told)
        if not counts:
            return None
        data = {
            "position": position,
            "count": counts.total(),
            "counts": dict(counts.most_common()),
            "entries": [message.content for message in told],
        }
        content = {
            "type": f"digest.{topic}",
            "timestamp": self.moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "schema_version": SCHEMA_VERSION,
            "data": data,
        }
        return EventMessage(message_id, content)
