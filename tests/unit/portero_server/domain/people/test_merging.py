"""What speaks against two people being one, and what holds for the one who stays."""

from __future__ import annotations

import pytest

from portero_server.domain.people.merging import (
    NamedTrack,
    Span,
    covering,
    ended_consents,
    merged_labels,
    seen_together,
)
from portero_server.domain.people.photos import KEEP_PHOTOS
from portero_server.errors import FailedPrecondition
from tests.support.store.commits import at
from tests.support.store.enrolled_twice import consent_of


def _track(track_id: str, first: float, last: float, stream_id: int = 1) -> NamedTrack:
    return NamedTrack(stream_id, track_id, at(first), at(last))


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ([_track("a", 0, 10)], [_track("b", 5, 6)], "b"),
        ([_track("a", 5, 6)], [_track("b", 0, 10)], "a"),
        ([_track("a", 0, 10)], [_track("b", 10, 12)], "b"),
        ([_track("a", 0, 10)], [_track("b", 11, 12)], None),
        ([_track("a", 0, 10)], [_track("b", 5, 6, stream_id=2)], None),
        ([_track("a", 0, 10)], [_track("a", 5, 6)], None),
        ([_track("a", 0, 100), _track("c", 20, 30)], [_track("b", 50, 60)], "b"),
        ([], [_track("b", 0, 1)], None),
    ],
    ids=["within", "around", "at one moment", "after", "other camera", "one face", "a long one", "nothing seen"],
)
def test_two_faces_at_one_time_are_two_people(
    one: list[NamedTrack], other: list[NamedTrack], together: str | None
) -> None:
    """Whichever of the two is asked about first; a face that was named as both is one."""
    for found in (seen_together(one, other), seen_together(other, one)):
        assert (None if found is None else found.track_id) == together


def test_spans_less_than_a_week_apart_are_read_as_one() -> None:
    """In whatever order they are; one within another adds nothing."""
    day = 86_400.0
    spans = [Span(at(first * day), at(last * day)) for first, last in ((20, 21), (0, 5), (1, 2), (11, 12), (19, 20))]
    assert covering(spans) == [Span(at(0), at(12 * day)), Span(at(19 * day), at(21 * day))]
    assert covering([]) == []


def test_labels_of_both_are_kept_and_those_of_who_stays_first() -> None:
    """As many as one person may have."""
    assert merged_labels({"room": "1"}, {"room": "2", "class": "3b"}) == {"room": "1", "class": "3b"}
    many = {f"a{number}": "x" for number in range(32)}
    assert len(merged_labels(many, many)) == 32
    with pytest.raises(FailedPrecondition, match="33 labels together") as caught:
        merged_labels(many, {"b": "x"})
    assert caught.value.reason == "TOO_MANY_LABELS"


def test_a_withdrawal_ends_what_was_given_before_it_for_the_same_purpose() -> None:
    """What was given after it, or for another purpose, holds, and what has only expired ends nothing."""
    withdrawn = consent_of("anna", "w", 0, withdrawn_at=at(100))
    expired = consent_of("anna", "e", 0, expires_at=at(50))
    before, after = consent_of("ana", "before", 50), consent_of("ana", "after", 101)
    photos = consent_of("ana", "photos", 50, purpose=KEEP_PHOTOS)
    assert ended_consents([before, after, photos], [withdrawn]) == {"before"}
    assert ended_consents([withdrawn], [before, after, photos]) == {"before"}
    assert ended_consents([before], [expired]) == frozenset()
    no_photos = consent_of("anna", "n", 0, purpose=KEEP_PHOTOS, withdrawn_at=at(60))
    assert ended_consents([before, photos], [no_photos]) == {"photos"}
