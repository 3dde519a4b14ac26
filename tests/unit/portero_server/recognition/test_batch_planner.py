"""The batch planner: full batches leave at once, others when their oldest request is due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.cameras import Lane
from portero_server.recognition.batch_planner import LANES, BatchDropPolicy, BatchPlanner, Waiting


def _planner(max_batch: int = 3, delay: float = 0.01, capacity: int = 8) -> BatchPlanner[str]:
    return BatchPlanner(max_batch=max_batch, delay=delay, capacity=capacity)


def _waiting(item: str, since: float, lane: Lane = Lane.VISITOR, deadline: float | None = None) -> Waiting[str]:
    return Waiting(item, lane, since, deadline)


def test_a_lone_request_waits_for_company_and_then_leaves() -> None:
    """A batch that is not full leaves when its oldest request has waited the delay."""
    planner = _planner()
    planner.add(_waiting("a", 1.0))
    assert planner.plan(1.005).batch == ()
    assert planner.next_due() == 1.01
    assert [waiting.item for waiting in planner.plan(1.01).batch] == ["a"]
    assert planner.next_due() is None


def test_a_full_batch_leaves_at_once() -> None:
    """As many requests as fit in a batch do not wait."""
    planner = _planner()
    for item in "abcd":
        planner.add(_waiting(item, 1.0))
    assert [waiting.item for waiting in planner.plan(1.0).batch] == ["a", "b", "c"]
    assert len(planner) == 1


def test_higher_lanes_board_first() -> None:
    """A check-in that came last is in the first batch."""
    planner = _planner(max_batch=2)
    planner.add(_waiting("class", 1.0, Lane.ATTENDANCE))
    planner.add(_waiting("door", 1.0, Lane.VISITOR))
    planner.add(_waiting("desk", 1.0, Lane.CHECK_IN))
    assert [waiting.item for waiting in planner.plan(1.0).batch] == ["desk", "door"]


def test_a_full_queue_drops_the_oldest_of_the_lowest_lane() -> None:
    """The newcomer stays and the least urgent, longest waiting request goes."""
    planner = _planner(max_batch=9, capacity=3)
    assert planner.policy is BatchDropPolicy.OLDEST_OF_LOWEST_LANE
    planner.add(_waiting("class 1", 1.0, Lane.ATTENDANCE))
    planner.add(_waiting("class 2", 1.1, Lane.ATTENDANCE))
    planner.add(_waiting("door", 1.2))
    dropped = planner.add(_waiting("desk", 1.3, Lane.CHECK_IN))
    assert dropped is not None
    assert dropped.item == "class 1"


def test_what_is_too_late_is_told_so_and_never_sent() -> None:
    """A request whose deadline has come leaves as expired."""
    planner = _planner()
    planner.add(_waiting("late", 1.0, deadline=1.005))
    planner.add(_waiting("fine", 1.0, deadline=9.0))
    planned = planner.plan(1.01)
    assert [waiting.item for waiting in planned.expired] == ["late"]
    assert [waiting.item for waiting in planned.batch] == ["fine"]


def test_a_cancelled_request_leaves_the_queue() -> None:
    """Removing a request, even twice, leaves the others."""
    planner = _planner()
    gone = _waiting("gone", 1.0)
    planner.add(gone)
    planner.add(_waiting("here", 1.0))
    planner.remove(gone)
    planner.remove(gone)
    assert [waiting.item for waiting in planner.plan(2.0).batch] == ["here"]


@given(
    st.lists(
        st.tuples(st.sampled_from(LANES), st.floats(0, 0.05), st.one_of(st.none(), st.floats(0, 0.2)), st.booleans()),
        max_size=60,
    )
)
def test_every_request_ends_exactly_once(arrivals: list[tuple[Lane, float, float | None, bool]]) -> None:
    """Whatever comes when: each request is sent, expired or dropped once, batches and queue keep their bounds."""
    planner: BatchPlanner[int] = BatchPlanner(max_batch=4, delay=0.02, capacity=6)
    now = 0.0
    ended: list[int] = []

    def plan() -> None:
        planned = planner.plan(now)
        assert len(planned.batch) <= 4
        assert all(w.deadline is None or w.deadline > now for w in planned.batch)
        ranks = [LANES.index(waiting.lane) for waiting in planned.batch]
        assert ranks == sorted(ranks)
        ended.extend(waiting.item for waiting in (*planned.batch, *planned.expired))

    for number, (lane, pause, patience, pump) in enumerate(arrivals):
        now += pause
        dropped = planner.add(Waiting(number, lane, now, None if patience is None else now + patience))
        if dropped is not None:
            ended.append(dropped.item)
        assert len(planner) <= 6
        if pump:
            plan()
    now += 1.0
    while len(planner):
        plan()
    assert sorted(ended) == list(range(len(arrivals)))
