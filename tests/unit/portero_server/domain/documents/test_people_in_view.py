from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.people_in_view import FaceView, PeopleInView, same_face

GOOD = FaceQuality(size=1.0, frontality=0.9, sharpness=0.9, brightness=1.0)
GUEST = FaceView(Box(0.4, 0.1, 0.2, 0.3), GOOD)
COMPANION = FaceView(Box(0.7, 0.1, 0.18, 0.28), GOOD)
PORTRAIT = FaceView(Box(0.3, 0.6, 0.16, 0.24), GOOD)


def nobody() -> PeopleInView:
    """Returns a counter that has seen nobody."""
    return PeopleInView(rival=0.5, within=1.5, reach=0.8)


def test_people_are_counted_and_somebody_far_behind_is_not() -> None:
    """A second face counts from half the width of the largest on, and the most of one frame is remembered."""
    people = nobody()
    behind = FaceView(Box(0.8, 0.1, 0.09, 0.14), GOOD)
    assert people.most == 0
    assert people.observe(0.0, (GUEST, behind), ()) == (GUEST,)
    assert people.most == 1
    assert people.observe(0.1, (GUEST, COMPANION), ()) == (GUEST, COMPANION)
    assert people.observe(0.2, (GUEST,), ()) == (GUEST,)
    assert people.observe(60.0, (), ()) == ()
    assert people.most == 2


def test_a_portrait_explains_a_face_shortly_before_and_after() -> None:
    """Where a card shows a portrait, a face within a second and a half on either side was that portrait."""
    before = nobody()
    before.observe(0.0, (GUEST, PORTRAIT), ())
    assert before.most == 2
    before.observe(1.4, (GUEST,), (PORTRAIT.box,))
    assert before.most == 1
    assert before.observe(2.8, (GUEST, PORTRAIT), ()) == (GUEST,)
    assert before.most == 1


def test_a_portrait_explains_nothing_later_or_elsewhere() -> None:
    """A face long before or after a portrait, or beside it, is a person's."""
    for time, portrait in ((1.6, PORTRAIT.box), (0.1, Box(0.75, 0.6, 0.16, 0.24))):
        people = nobody()
        people.observe(0.0, (GUEST, PORTRAIT), ())
        people.observe(time, (GUEST,), (portrait,))
        assert people.most == 2
        assert people.observe(time + 1.6, (GUEST, PORTRAIT), ()) == (GUEST, PORTRAIT)


def test_a_guest_who_holds_the_card_beside_the_face_stays() -> None:
    """A face much larger than the portrait, or beside it, is the guest's however near the card is held."""
    guest, portrait = FaceView(Box(0.4, 0.1, 0.24, 0.4), GOOD), Box(0.6, 0.35, 0.07, 0.12)
    alike = Box(0.58, 0.1, 0.2, 0.36)
    for shown in (portrait, alike):
        people = nobody()
        for number in range(5):
            assert people.observe(number / 5, (guest,), (shown,)) == (guest,)


def test_a_companion_is_counted_beside_a_portrait() -> None:
    """A portrait takes only its own face away, not a second person in the same frame."""
    people = nobody()
    people.observe(0.0, (GUEST, COMPANION, PORTRAIT), ())
    people.observe(0.1, (GUEST,), (PORTRAIT.box,))
    assert people.most == 2


_boxes = st.builds(Box, st.floats(0, 0.8), st.floats(0, 0.7), st.floats(0.05, 0.2), st.floats(0.05, 0.3))


@given(st.lists(st.tuples(st.lists(_boxes, max_size=3), st.lists(_boxes, max_size=2), st.floats(0.02, 2)), max_size=30))
def test_the_law_of_the_count(seen: list[tuple[list[Box], list[Box], float]]) -> None:
    """The count is that of the fullest frame, each judged by all portraits within the time, before and after."""
    people, time = nobody(), 0.0
    frames: list[tuple[float, list[Box], list[Box]]] = []
    for boxes, printed, pause in seen:
        time += pause
        faces = sorted(boxes, key=lambda box: -box.area)
        people.observe(time, [FaceView(box, GOOD) for box in faces], printed)
        frames.append((time, faces, printed))
    counts = [0]
    for number, (when, faces, _) in enumerate(frames):
        earlier = [box for at, _, shown in frames[: number + 1] for box in shown if when - at <= 1.5]
        later = [box for at, _, shown in frames[number:] for box in shown if at - when <= 1.5]
        left = [box for box in faces if not any(same_face(box, portrait, 0.8) for portrait in earlier)]
        left = [box for box in left if box.width >= 0.5 * left[0].width]
        # Only whether there are several matters: one face is one person even if a portrait explains it later.
        counts += (
            [1, sum(not any(same_face(box, p, 0.8) for p in later) for box in left)] if len(left) > 1 else [len(left)]
        )
    assert people.most == max(counts)
