from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.capture import (
    CapturePlan,
    CapturePolicy,
    CaptureStep,
    CardView,
    FrameView,
    Hint,
    card_score,
    on_card,
)
from portero_server.domain.documents.document import CardSide
from portero_server.domain.documents.people_in_view import FaceView, same_face

POLICY = CapturePolicy()
CORNERS = ((400.0, 300.0), (1000.0, 300.0), (1000.0, 678.0), (400.0, 678.0))
FRONT = CardView(CORNERS, CardSide.FRONT, width=600.0, tilt=0.05, sharpness=0.6, glare=0.0)
BACK = replace(FRONT, side=CardSide.BACK)
GOOD = FaceQuality(size=1.0, frontality=0.9, sharpness=0.9, brightness=1.0)
FACE = FaceView(Box(0.4, 0.1, 0.2, 0.3), GOOD)
PORTRAIT = FaceView(Box(0.35, 0.5, 0.15, 0.25), GOOD)
OTHER = FaceView(Box(0.7, 0.1, 0.2, 0.3), GOOD)


def played(
    plan: CapturePlan, seen: Sequence[tuple[CardView | None, tuple[FaceView, ...]]], start: float = 0.0
) -> list[CaptureStep]:
    """Shows the plan ten frames a second."""
    return [plan.observe(FrameView(start + number / 10, card, faces)) for number, (card, faces) in enumerate(seen)]


def test_both_sides_and_the_face_complete_a_check_in() -> None:
    """A check-in is complete once front, back and face have been seen well for a moment."""
    plan = CapturePlan(POLICY, 0.0)
    steps = played(plan, [(FRONT, (FACE,))] * 8 + [(BACK, (FACE,))] * 8)
    assert [step.side for step in steps if step.side] == [CardSide.FRONT, CardSide.BACK]
    assert [step.complete for step in steps].index(True) == 8 + 5
    assert plan.sides.keys() == {CardSide.FRONT, CardSide.BACK}


def test_a_page_that_is_whole_needs_no_other_side() -> None:
    """A passport's page completes a check-in by itself."""
    steps = played(CapturePlan(POLICY, 0.0), [(replace(FRONT, whole=True), (FACE,))] * 8)
    assert steps[-1].complete


def test_the_better_view_of_a_side_is_kept() -> None:
    """A sharper view of the same side takes the place of the one before, and a duller one does not."""
    plan = CapturePlan(POLICY, 0.0)
    seen = [0.4, 0.6, 0.5, 0.8]
    steps = played(plan, [(replace(FRONT, sharpness=sharp), ()) for sharp in seen])
    assert [step.side is not None for step in steps] == [True, True, False, True]


def test_what_cannot_be_read_is_not_kept_and_the_person_is_told_why() -> None:
    """Of a small, tilted, glaring or blurred card nothing is kept, and a hint says what to do."""
    for view, hint in (
        (replace(FRONT, width=200.0), Hint.CARD_CLOSER),
        (replace(FRONT, tilt=0.5), Hint.CARD_TILTED),
        (replace(FRONT, glare=0.2), Hint.CARD_GLARE),
        (replace(FRONT, sharpness=0.1), Hint.CARD_STILL),
        (replace(FRONT, side=None), Hint.CARD_STILL),
        (None, Hint.SHOW_CARD),
    ):
        steps = played(CapturePlan(POLICY, 0.0), [(view, (FACE,))] * 10)
        assert not any(step.side for step in steps)
        assert [step.hint for step in steps if step.hint] == [hint]


def test_the_person_is_led_through_the_check_in() -> None:
    """After the front comes the request to turn the card over, and after both sides the request to look up."""
    plan = CapturePlan(POLICY, 0.0)
    steps = played(plan, [(FRONT, ())] * 15 + [(BACK, ())] * 15 + [(None, ())] * 10)
    assert [step.hint for step in steps if step.hint] == [Hint.TURN_CARD_OVER, Hint.LOOK_AT_CAMERA]


def test_a_small_face_is_asked_to_come_closer() -> None:
    """A face with too few pixels is not kept and is asked to come closer."""
    small = replace(FACE, quality=replace(GOOD, size=0.3))
    plan = CapturePlan(POLICY, 0.0)
    steps = played(plan, [(FRONT, (small,))] * 8 + [(BACK, (small,))] * 16)
    assert not plan.has_face
    assert steps[-1].hint is None
    assert Hint.FACE_CLOSER in {step.hint for step in steps}


def test_two_people_are_nobodys_face() -> None:
    """No face is kept while a second person is as near, and somebody far behind does not matter."""
    plan = CapturePlan(POLICY, 0.0)
    steps = played(plan, [(FRONT, (FACE, OTHER))] * 10)
    assert not plan.has_face
    assert plan.several == 2
    assert Hint.ONE_PERSON in {step.hint for step in steps}
    far = replace(OTHER, box=Box(0.8, 0.1, 0.05, 0.08))
    plan = CapturePlan(POLICY, 0.0)
    played(plan, [(FRONT, (FACE, far))] * 3)
    assert plan.has_face
    assert plan.several == 1


def test_the_portrait_of_a_card_that_is_cut_is_no_second_person() -> None:
    """A face counts for nobody where a front shows its portrait at the same place a moment before or after."""
    for cut in ([0], [9], [0, 1, 8, 9]):
        plan = CapturePlan(POLICY, 0.0)
        for number in range(10):
            if number in cut:
                plan.observe(FrameView(number / 10, None, (FACE, PORTRAIT)))
            else:
                plan.observe(FrameView(number / 10, FRONT, (FACE,), (PORTRAIT.box,)))
        assert plan.several == 1
        assert plan.has_face


def test_a_live_face_that_was_the_portrait_is_dropped() -> None:
    """A portrait that was taken for the live face is dropped when the card shows it, and the guest's face is kept."""
    plan = CapturePlan(POLICY, 0.0)
    assert plan.observe(FrameView(0.0, None, (PORTRAIT,))).face == PORTRAIT.box
    step = plan.observe(FrameView(0.2, FRONT, (), (PORTRAIT.box,)))
    assert (step.dropped, step.face, plan.has_face) == (True, None, False)
    # Larger than the guest's face, and still nobody's.
    large = replace(PORTRAIT, box=Box(0.35, 0.45, 0.22, 0.33))
    assert plan.observe(FrameView(0.4, None, (large, FACE))).face == FACE.box


def test_what_may_be_no_card_explains_no_face() -> None:
    """A face within something whose side cannot be told, or within a back, stays the person's."""
    for card in (replace(FRONT, side=None), BACK):
        plan = CapturePlan(POLICY, 0.0)
        plan.observe(FrameView(0.0, None, (FACE,)))
        assert not plan.observe(FrameView(0.2, card, (), (FACE.box,))).dropped
        assert plan.has_face


def test_a_plan_begins_anew_when_the_person_left() -> None:
    """The front of a guest who left is dropped, and the next guest's card is captured from the beginning."""
    plan = CapturePlan(POLICY, 0.0)
    played(plan, [(FRONT, (FACE,))] * 8)
    steps = played(plan, [(None, ())] * 20, start=0.8)
    steps += played(plan, [(BACK, (FACE,))] * 8, start=2.8)
    assert sum(step.restarted for step in steps) == 1
    assert plan.sides.keys() == {CardSide.BACK}
    assert not any(step.complete for step in steps)


def test_a_plan_begins_anew_when_another_face_is_where_the_first_was_not() -> None:
    """A face that appears elsewhere while the first is gone belongs to somebody else: nothing is kept of the first."""
    plan = CapturePlan(POLICY, 0.0)
    played(plan, [(FRONT, (FACE,))] * 8)
    (step,) = played(plan, [(BACK, (OTHER,))], start=0.8)
    assert step.restarted
    assert plan.sides.keys() == {CardSide.BACK}


def test_a_face_that_the_card_hid_may_come_back() -> None:
    """A card held before the face for two seconds does not make another person of it."""
    plan = CapturePlan(POLICY, 0.0)
    steps = played(plan, [(FRONT, (FACE,))] * 8 + [(FRONT, ())] * 20 + [(BACK, (OTHER,))] * 8)
    assert not any(step.restarted for step in steps)
    assert steps[-1].complete


def test_frames_from_before_are_ignored() -> None:
    """What was seen before a check-in began is not part of it."""
    plan = CapturePlan(POLICY, 10.0)
    assert played(plan, [(FRONT, (FACE,))] * 5) == [CaptureStep()] * 5
    assert not plan.sides


def test_a_portrait_is_told_from_a_face_beside_the_card() -> None:
    """A face whose middle lies on the card is printed there, however the card is turned."""
    portrait = Box(0.35, 0.5, 0.1, 0.2)
    assert on_card(portrait, CORNERS, 1280, 720)
    turned = (CORNERS[2], CORNERS[3], CORNERS[0], CORNERS[1])
    assert on_card(portrait, turned, 1280, 720)
    assert not on_card(FACE.box, CORNERS, 1280, 720)


_views = st.one_of(
    st.none(),
    st.builds(
        CardView,
        st.just(CORNERS),
        st.sampled_from([CardSide.FRONT, CardSide.BACK, None]),
        st.floats(100, 1200),
        st.floats(0, 0.5),
        st.floats(0, 1),
        st.floats(0, 0.1),
        st.booleans(),
    ),
)
_boxes = st.builds(Box, st.floats(0, 0.8), st.floats(0, 0.7), st.floats(0.05, 0.2), st.just(0.3))
_faces = st.lists(
    st.builds(
        FaceView,
        _boxes,
        st.builds(FaceQuality, *[st.floats(0, 1)] * 4),
    ),
    max_size=3,
).map(lambda faces: tuple(sorted(faces, key=lambda face: -face.box.area)))


_seen = st.tuples(_views, _faces, st.lists(_boxes, max_size=2), st.floats(0.02, 2.5))


@given(st.lists(_seen, max_size=60))
def test_the_law_of_what_is_kept(seen: list[tuple[CardView | None, tuple[FaceView, ...], list[Box], float]]) -> None:
    """Kept views are good enough and only get better, a face is one person's and no portrait, and complete is all."""
    plan, time = CapturePlan(POLICY, 0.0), 0.0
    kept: dict[CardSide, CardView] = {}
    face: FaceView | None = None
    seen_at = 0.0
    portraits: list[tuple[float, Box]] = []
    for card, faces, printed, pause in seen:
        time += pause
        step = plan.observe(FrameView(time, card, faces, tuple(printed) if card else ()))
        if (kept or face) and time - seen_at > POLICY.gone:
            assert step.restarted
        if step.restarted:
            kept, face, portraits = {}, None, []
        if card is not None and card.side is CardSide.FRONT:
            portraits += [(time, box) for box in printed]
        near = [box for when, box in portraits if time - when <= POLICY.gone]
        people = [each for each in faces if not any(same_face(each.box, box, POLICY.portrait) for box in near)]
        if card or faces:
            seen_at = time
        if step.side is not None:
            assert card is not None
            assert card.side is step.side
            assert card.width >= POLICY.card_width
            assert card.sharpness >= POLICY.sharpness
            assert card.glare <= POLICY.glare
            assert card.tilt <= POLICY.tilt
            if step.side in kept:
                assert card_score(card) > card_score(kept[step.side])
            kept[step.side] = card
        if step.dropped:
            face = None
        if step.face is not None:
            assert step.face == people[0].box
            assert not [each for each in people[1:] if each.box.width >= POLICY.rival * people[0].box.width]
            if face is not None:
                assert people[0].quality.overall > face.quality.overall
            face = people[0]
        assert plan.sides.keys() == kept.keys()
        assert plan.has_face == (face is not None)
        if step.complete:
            assert face is not None
            assert len(kept) == 2 or any(view.whole for view in kept.values())
