"""A face seen a moment ago is recalled when that is beyond doubt, and only then."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import Match
from portero_server.domain.tracking.memory import FaceMemory, MemoryPolicy, Recalled

ANA, BEN = Match("ana", 0.995, 0.3), Match("ben", 0.992, 0.2)
_POLICY = MemoryPolicy(people=60.0, strangers=30.0, distance=0.4, lead=0.1, better_by=1.4, capacity=4)


def _memory() -> FaceMemory:
    return FaceMemory(_POLICY)


def _at(x: float, y: float = 0.0) -> tuple[float, float]:
    return (x, y)


def test_a_close_face_inherits_the_name_until_it_is_forgotten() -> None:
    """A face near to a named one is that person, for as long as the policy says."""
    memory = _memory()
    memory.remember(_at(0), ANA, 0.5, now=0.0)
    assert memory.recall(_at(0.4), 0.9, now=59.0) == Recalled(ANA, 0.5)
    assert memory.recall(_at(0.41), 0.9, now=59.0) is None
    assert memory.recall(_at(0.0), 0.9, now=60.0) is None
    assert not memory.holds_any(60.0)


def test_a_face_between_two_people_is_neither() -> None:
    """Without a clear lead over the next person nobody is recalled; two shots of one person are no rivals."""
    memory = _memory()
    memory.remember(_at(0), ANA, 0.5, now=0.0)
    memory.remember(_at(0.05), ANA, 0.5, now=0.0)
    memory.remember(_at(0.5), BEN, 0.5, now=0.0)
    assert memory.recall(_at(0.1), 0.5, now=1.0) == Recalled(ANA, 0.5)
    assert memory.recall(_at(0.27), 0.5, now=1.0) is None


def test_whoever_is_beside_a_face_is_not_recalled_for_it() -> None:
    """A person named in the same frame cannot be a second face of it."""
    memory = _memory()
    memory.remember(_at(0), ANA, 0.5, now=0.0)
    assert memory.recall(_at(0), 0.5, now=1.0, apart={"ana"}) is None


def test_a_stranger_is_recalled_unless_the_shot_is_clearly_better() -> None:
    """Nobody pays twice for the same stranger, but a much better shot is asked about."""
    memory = _memory()
    memory.remember(_at(0), None, 0.5, now=0.0)
    assert memory.recall(_at(0.1), 0.69, now=29.0) == Recalled(None, 0.5)
    assert memory.recall(_at(0.1), 0.7, now=29.0) is None
    assert memory.recall(_at(0.1), 0.5, now=30.0) is None


def test_a_name_takes_a_strangers_place_and_never_the_other_way() -> None:
    """What a better shot named is not a stranger any more, and what was named does not become one."""
    memory = _memory()
    memory.remember(_at(0), None, 0.3, now=0.0)
    memory.remember(_at(0.1), ANA, 0.8, now=1.0)
    assert memory.recall(_at(0), 0.3, now=2.0) == Recalled(ANA, 0.8)
    memory.remember(_at(0.1), None, 0.3, now=3.0)
    assert memory.recall(_at(0.1), 0.3, now=4.0) == Recalled(ANA, 0.8)


def test_a_span_of_zero_remembers_nothing() -> None:
    """People and strangers are switched off each for itself."""
    memory = FaceMemory(MemoryPolicy(people=0.0, strangers=10.0))
    memory.remember(_at(0), ANA, 0.5, now=0.0)
    assert not memory.holds_any(0.0)
    memory.remember(_at(0), None, 0.5, now=0.0)
    assert memory.holds_any(0.0)


_faces = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([ANA, BEN, None]))


@given(st.lists(_faces, max_size=12), st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_who_is_recalled_was_remembered_close_by(
    faces: list[tuple[float, float, Match | None]], probe: tuple[float, float]
) -> None:
    """For any memory, what is recalled was remembered within the distance, and no more faces are kept than allowed."""
    memory = _memory()
    for x, y, match in faces:
        memory.remember((x, y), match, 0.5, now=0.0)
    recalled = memory.recall(probe, 0.5, now=1.0)
    if recalled is not None:
        near = [match for x, y, match in faces if ((x - probe[0]) ** 2 + (y - probe[1]) ** 2) ** 0.5 <= 0.4 + 1e-9]
        assert recalled.match in near
