"""Who is next."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.domain.cameras import Lane
from portero_server.engines.scheduling.lanes import DEFAULT_PATIENCE, LaneQueue


def test_higher_lanes_go_first() -> None:
    """Check-in goes before visitors and visitors before attendance, in whatever order they came."""
    queue = LaneQueue(DEFAULT_PATIENCE)
    queue.append(1, Lane.ATTENDANCE, "school")
    queue.append(2, Lane.VISITOR, "door")
    queue.append(3, Lane.CHECK_IN, "desk")
    assert [queue.take() for _ in range(3)] == [3, 2, 1]
    assert not queue


def test_each_lane_has_its_share_while_all_wait() -> None:
    """With every lane backlogged, check-in has 69 of a hundred calls, visitors 20 and attendance 11."""
    queue, lane_of = LaneQueue(DEFAULT_PATIENCE), dict[int, Lane]()
    for number in range(3000):
        lane_of[number] = list(Lane)[number % 3]
        queue.append(number, lane_of[number], "door")
    taken = Counter(lane_of[queue.take()] for _ in range(900))
    assert 600 <= taken[Lane.CHECK_IN] <= 640
    assert 175 <= taken[Lane.VISITOR] <= 185
    assert 95 <= taken[Lane.ATTENDANCE] <= 105


def test_the_camera_served_longest_ago_is_next() -> None:
    """When bursts begin with the same cameras each time, those left out the last time come first."""
    queue = LaneQueue(DEFAULT_PATIENCE)
    cameras = ["a", "b", "c", "d"]
    served = list[str]()
    for burst in range(4):
        for place, camera in enumerate(cameras):
            queue.append(10 * burst + place, Lane.VISITOR, camera)
        served += [cameras[queue.take() % 10] for _ in range(2)]
        for place, camera in enumerate(cameras):
            queue.discard(10 * burst + place, Lane.VISITOR, camera)
    assert served == ["a", "b", "c", "d", "a", "b", "c", "d"]


def test_one_busy_camera_delays_the_others_by_one_call_each() -> None:
    """A camera with a hundred calls waiting takes turns with one that has two."""
    queue = LaneQueue(DEFAULT_PATIENCE)
    for number in range(100):
        queue.append(number, Lane.VISITOR, "busy")
    queue.append(100, Lane.VISITOR, "calm")
    queue.append(101, Lane.VISITOR, "calm")
    assert [queue.take() for _ in range(5)] == [0, 100, 1, 101, 2]


def test_a_call_tried_again_goes_before_its_camera_s_others() -> None:
    """What had its turn already is the first of its camera."""
    queue = LaneQueue(DEFAULT_PATIENCE)
    queue.append(2, Lane.VISITOR, "door")
    queue.put_first(1, Lane.VISITOR, "door")
    assert [queue.take(), queue.take()] == [1, 2]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["append", "append", "take", "discard"]),
            st.sampled_from(list(Lane)),
            st.sampled_from(["a", "b", None]),
        ),
        max_size=150,
    )
)
def test_order_and_patience_hold_in_any_history(actions: list[tuple[str, Lane, str | None]]) -> None:
    """Each camera's calls of a lane keep their order, and no waiting lane is passed over for long."""
    queue, model, passed = LaneQueue(DEFAULT_PATIENCE), dict[int, tuple[Lane, str | None]](), Counter[Lane]()
    for number, (action, lane, camera) in enumerate(actions):
        match action:
            case "append":
                queue.append(number, lane, camera)
                model[number] = (lane, camera)
            case "take" if queue:
                taken = queue.take()
                place = model[taken]
                assert taken == min(other for other, its in model.items() if its == place)
                waiting = {lane for lane, _ in model.values()}
                for other in Lane:
                    passed[other] = passed[other] + 1 if other in waiting - {place[0]} else 0
                    # Two lanes may run out of patience together, and the lower goes first.
                    assert passed[other] <= DEFAULT_PATIENCE[other] + 2
                del model[taken]
            case "discard" if model:
                victim = max(model)
                queue.discard(victim, *model.pop(victim))
        for empty in set(Lane) - {lane for lane, _ in model.values()}:
            passed[empty] = 0
        assert bool(queue) == bool(model)
