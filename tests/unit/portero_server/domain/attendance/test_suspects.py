"""The people whom a face without a name may show."""

from __future__ import annotations

import pytest

from portero_server.domain.attendance.suspects import FaceLook, is_unclear, suspects_of

CLEAR = FaceLook(compared=True, quality=0.5, sure_quality=0.4, threshold=0.5)


@pytest.mark.parametrize(("similarity", "suspected"), [(0.6, True), (0.41, True), (0.39, False), (0.0, False)])
def test_candidates_near_the_threshold_are_suspected(similarity: float, suspected: bool) -> None:
    """Within a fifth of what lies between threshold and 1; farther away a face is not theirs."""
    look = FaceLook(True, 0.5, 0.4, 0.5, (("ana", similarity),))
    assert suspects_of([CLEAR, look]) == ({"ana"} if suspected else set())


@pytest.mark.parametrize(
    ("looks", "unclear"),
    [
        ((), True),
        ((FaceLook(False, 0.9, 0.4, 0.5),), True),
        ((FaceLook(True, 0.3, 0.4, 0.5),), True),
        ((FaceLook(True, 0.3, 0.4, 0.5), CLEAR), False),
    ],
)
def test_a_face_is_unclear_unless_a_good_shot_was_compared(looks: tuple[FaceLook, ...], unclear: bool) -> None:
    """Nothing known, never compared, or only poor shots: it excludes nobody."""
    assert is_unclear(looks) is unclear
