"""Page sizes and page tokens."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.errors import InvalidInput
from portero_server.rpc.paging import Listing, checked_page_size, cut
from portero_server.rpc.services.sightings import _cursor
from portero_server.store.face_cursors import face_position

PEOPLE = Listing("people", ("ana",))


def test_page_size_zero_means_one_hundred() -> None:
    """A page size of 0 takes the default."""
    assert checked_page_size(0) == 100


@pytest.mark.parametrize("requested", [1, 999, 1000])
def test_page_size_within_limits_is_kept(requested: int) -> None:
    """A page size within 1..1000 is taken as asked."""
    assert checked_page_size(requested) == requested


@pytest.mark.parametrize("requested", [-1, 1001, 2**31 - 1])
def test_page_size_outside_limits_names_the_limit(requested: int) -> None:
    """A page size outside 0..1000 is refused with the field and the limit."""
    with pytest.raises(InvalidInput, match="1000") as caught:
        checked_page_size(requested)
    assert caught.value.field == "page_size"


@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_token_gives_its_cursor_back(cursor: list[str]) -> None:
    """Whatever cursor goes into a token comes out of it."""
    assert PEOPLE.cursor(PEOPLE.token(cursor), len(cursor)) == tuple(cursor)


def test_empty_token_is_the_first_page() -> None:
    """Without a token there is no cursor."""
    assert PEOPLE.cursor("", 1) is None


@given(st.text())
def test_no_text_breaks_the_reader_of_tokens(token: str) -> None:
    """Any text is either a token of the list or refused as InvalidInput."""
    with suppress(InvalidInput):
        PEOPLE.cursor(token, 1)


@pytest.mark.parametrize(
    "other",
    [Listing("people", ("bob",)), Listing("people"), Listing("cameras", ("ana",)), Listing("people", ("a", "na"))],
)
def test_token_of_another_list_is_refused(other: Listing) -> None:
    """A token holds to its list and conditions."""
    with pytest.raises(InvalidInput) as caught:
        other.cursor(PEOPLE.token(["p1"]), 1)
    assert caught.value.field == "page_token"
    assert caught.value.reason == "PAGE_TOKEN_MISMATCH"


@pytest.mark.parametrize("after", [["a", "b"], [], [1], "a", None, {"a": 1}])
def test_token_with_a_foreign_cursor_is_malformed(after: object) -> None:
    """A token whose cursor has not this list's form is refused even when it names the list rightly."""
    digest = json.loads(_unpacked(PEOPLE.token(["x"])))["of"]
    forged = base64.urlsafe_b64encode(json.dumps({"after": after, "of": digest}).encode()).decode()
    with pytest.raises(InvalidInput) as caught:
        PEOPLE.cursor(forged, 1)
    assert caught.value.reason == "BAD_PAGE_TOKEN"


def test_cut_of_a_full_read_gives_the_row_to_go_on_after() -> None:
    """One row more than the page means that another page follows."""
    assert cut([1, 2, 3], 2) == ([1, 2], 2)


@pytest.mark.parametrize("rows", [[], [1], [1, 2]])
def test_cut_of_the_last_read_ends_the_list(rows: list[int]) -> None:
    """A read that is not longer than the page is the last one."""
    assert cut(rows, 2) == (rows, None)


def _unpacked(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def test_half_a_character_is_no_cursor() -> None:
    """JSON can write what no database takes; a token that holds it is malformed."""
    listing = Listing("people")
    with pytest.raises(InvalidInput) as caught:
        listing.cursor(listing.token(["\ud800"]), parts=1)
    assert caught.value.reason == "BAD_PAGE_TOKEN"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_beyond_the_calendar_is_no_cursor(moment: str) -> None:
    """A forged token whose time is none in UTC is malformed, in sightings and in faces."""
    with pytest.raises(InvalidInput):
        _cursor((moment, "7c"))
    with pytest.raises(InvalidInput):
        face_position(f"{moment}/7c")
