"""People by the hundred, divided for the calls that take them."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from portero_client.transfer import MOST_FACES, MOST_PEOPLE, FaceEncoding, PersonRecord, batches

_FACE_COUNTS = st.lists(st.sampled_from([0, 1, 1, 3, 700, MOST_FACES, MOST_FACES + 1, 2 * MOST_FACES + 5]), max_size=12)


@given(_FACE_COUNTS, st.integers(0, 2 * MOST_PEOPLE + 1))
def test_pieces_hold_everybody_in_order_within_the_limits(counts: list[int], small: int) -> None:
    """Every face of every person is in one piece, no piece has too many or a person twice, and none is empty."""
    records = [
        PersonRecord(f"people/p{n}", "P", faces=(FaceEncoding(b"1234"),) * count) for n, count in enumerate(counts)
    ]
    records += [PersonRecord(f"people/s{number}", "S") for number in range(small)]
    pieces = list(batches(records))
    for piece in pieces:
        assert 1 <= len(piece) <= MOST_PEOPLE
        assert sum(len(part.faces) for part in piece) <= MOST_FACES
        assert len({part.person for part in piece}) == len(piece)
    parts = [part for piece in pieces for part in piece]
    found = [(person, sum(len(part.faces) for part in of)) for person, of in groupby(parts, lambda part: part.person)]
    assert found == [(record.person, len(record.faces)) for record in records]
