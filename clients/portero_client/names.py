"""Resource names such as "people/ana": building, validating and parsing them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portero_client.errors import InvalidArgument

_CHOSEN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MINTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_DATED = re.compile(r"[a-z0-9][a-z0-9-]{0,62}/\d{4}-\d{2}-\d{2}")
_FACE = re.compile(r"people/[^/]+/faces/[^/]+")


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of resource, such as "people".

    Attributes:
        prefix: First part of the name.
        singular: What one of them is called in messages.
        identifier_pattern: What the last part may be.
        rule: The same in words.
    """

    prefix: str
    singular: str
    identifier_pattern: re.Pattern[str]
    rule: str

    def name(self, value: str) -> str:
        """Returns the resource name for an identifier ("ana") or for a full name ("people/ana").

        Raises:
            InvalidArgument: It is neither.
        """
        identifier = value.removeprefix(f"{self.prefix}/")
        if not self.identifier_pattern.fullmatch(identifier):
            raise InvalidArgument(
                f"the {self.singular}'s id must be {self.rule}, not {value[:80]!r}",
                field="name",
                reason="MALFORMED_NAME",
            )
        return f"{self.prefix}/{identifier}"

    def identifier(self, value: str) -> str:
        """Returns the last part of a name: "ana" for "people/ana", and for "ana".

        Raises:
            InvalidArgument: As `name`.
        """
        return self.name(value).removeprefix(f"{self.prefix}/")


_CHOSEN_RULE = "1 to 63 characters of [a-z0-9-] beginning with a letter or digit"
_MINTED_RULE = "1 to 128 characters of [A-Za-z0-9_.-]"

PEOPLE = Collection("people", "person", _CHOSEN, _CHOSEN_RULE)
CAMERAS = Collection("cameras", "camera", _CHOSEN, _CHOSEN_RULE)
KEYS = Collection("keys", "key", _MINTED, "1 to 128 characters of [A-Za-z0-9_.-]")
SIGHTINGS = Collection("sightings", "sighting", _MINTED, "1 to 128 characters of [A-Za-z0-9_.-]")
CHECK_INS = Collection("checkIns", "check-in", _MINTED, "1 to 128 characters of [A-Za-z0-9_.-]")
REVIEWS = Collection("reviews", "review", _MINTED, "1 to 128 characters of [A-Za-z0-9_.-]")
VISITORS = Collection("visitors", "visitor", _MINTED, "1 to 128 characters of [A-Za-z0-9_.-]")
SUBSCRIPTIONS = Collection("subscriptions", "subscription", _MINTED, "1 to 128 characters of [A-Za-z0-9_.-]")
ATTENDANCE_GROUPS = Collection("attendanceGroups", "group", _CHOSEN, _CHOSEN_RULE)
ATTENDANCE_SCHEDULES = Collection("attendanceSchedules", "schedule", _CHOSEN, _CHOSEN_RULE)
ATTENDANCE_SESSIONS = Collection("attendanceSessions", "session", _DATED, "schedule/day, as math/2026-03-02")
ATTENDANCE_CORRECTIONS = Collection("attendanceCorrections", "correction", _MINTED, _MINTED_RULE)
ATTENDANCE_EXCUSES = Collection("attendanceExcuses", "excuse", _MINTED, _MINTED_RULE)
PLACEMENTS = Collection("placements", "placement", _MINTED, _MINTED_RULE)
GUESTS = Collection("guests", "guest", _MINTED, "1 to 128 characters of [A-Za-z0-9_.-]")


def face_name(value: str) -> str:
    """Returns the name of an enrolled face, "people/{person}/faces/{face}", after checking it.

    Raises:
        InvalidArgument: It is something else.
    """
    if not _FACE.fullmatch(value):
        raise InvalidArgument(
            f"a face's name must be people/{{person}}/faces/{{face}}, not {value[:80]!r}",
            field="name",
            reason="MALFORMED_NAME",
        )
    return value
