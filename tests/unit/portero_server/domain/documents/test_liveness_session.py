"""When a liveness session is asked about."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.documents.liveness_session import LIFETIME, next_pause


def _asked_at(began: float, until: float, most: int = 1000) -> list[float]:
    """Returns the times of all questions about a session that never ends."""
    times = [began]
    while (pause := next_pause(len(times), times[-1], until)) is not None:
        times.append(times[-1] + pause)
        assert len(times) < most
    return times


@given(st.floats(0, 1e6), st.floats(0, 600))
def test_questions_end_in_time(began: float, patience: float) -> None:
    """Questions follow each other by one to five seconds, are few, and the last one falls on the end."""
    until = began + patience
    times = _asked_at(began, until)
    assert times[-1] >= until
    pauses = [after - before for before, after in pairwise(times)]
    # Times as large as these are rounded.
    assert all(pause < 5.001 for pause in pauses)
    assert all(pause > 0.999 for pause in pauses[:-1])
    assert sum(pauses) < patience + 0.001
    assert len(times) <= 5 + patience / 5


def test_a_whole_session_is_asked_about_forty_times_at_most() -> None:
    """Whoever never finishes costs the account's quota of five calls a second little."""
    assert len(_asked_at(0, LIFETIME)) <= 40
