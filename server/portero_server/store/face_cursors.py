"""Places in the list of a person's faces, as texts."""

from __future__ import annotations

from datetime import UTC, datetime

from portero_server.domain.people.people import FaceEnrollment
from portero_server.errors import InvalidInput


def face_cursor(face: FaceEnrollment) -> str:
    """Returns the place of a face in its person's list."""
    return f"{face.created_at.isoformat()}/{face.face_id}"


def face_position(cursor: str) -> tuple[datetime, str]:
    """Returns time and id of the face of a cursor. Raises InvalidInput: it is none."""
    moment, _, face_id = cursor.partition("/")
    try:
        parsed = datetime.fromisoformat(moment)
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC), face_id
    except (ValueError, OverflowError):
        # Near year 1 or 9999, a time in another zone may be out of range in UTC, in which it is stored.
        pass
    raise InvalidInput("page_token", "page_token is not one that this list gave")
