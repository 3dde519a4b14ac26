"""Frames that must not be accepted again."""

from __future__ import annotations

from portero_server.domain.recording.suspects import Suspects


def test_frames_that_end_sessions_twice_are_refused_by_number() -> None:
    """The first time may be an accident; frames that were not in both commits count anew."""
    suspects = Suspects()
    suspects.ended(1, range(11, 21))
    assert not suspects.refused(1)
    suspects.ended(1, range(21, 31))
    suspects.ended(2, range(21, 31))
    assert not suspects.refused(1)
    suspects.ended(1, range(25, 28))
    assert suspects.refused(1) == range(25, 28)
    assert not suspects.refused(2)
    for stream in range(3, 2000):
        suspects.ended(stream, range(1, 2))
        suspects.ended(stream, range(1, 2))
        suspects.unanswered(str(stream))
    assert not suspects.refused(1)
    assert len(suspects.hopeless) == 1000
