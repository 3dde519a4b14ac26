"""Places in the list of a person's faces."""

from __future__ import annotations

import pytest

from portero_server.errors import InvalidInput
from portero_server.store.face_cursors import face_cursor, face_position
from tests.support.store.commits import at
from tests.support.store.enrolled_twice import face_of


def test_a_cursor_says_where_a_face_is() -> None:
    """By when it was enrolled, and its id."""
    assert face_position(face_cursor(face_of("ana", 3))) == (at(3), "f-ana")


@pytest.mark.parametrize("cursor", ["", "f-ana", "yesterday/f-ana", "2026-03-02T08:00:00/f-ana"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    """Also a time without a zone."""
    with pytest.raises(InvalidInput) as caught:
        face_position(cursor)
    assert caught.value.field == "page_token"
