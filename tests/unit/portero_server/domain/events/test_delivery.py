"""What answers mean, and how far events are settled."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.events.delivery import (
    DeliveryResult,
    EventFilter,
    RetryPolicy,
    lanes,
    result_of,
    settled_up_to,
)
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from tests.support.store.sighting_events import NOON, sighting

_POLICY = RetryPolicy()


def _event(position: int, camera: str = "door", person: str | None = "ana") -> SightingEvent:
    return SightingEvent(position, SightingEventKind.STARTED, sighting(f"s{position}", camera, person), NOON)


@pytest.mark.parametrize(
    ("result", "statuses"),
    [
        (DeliveryResult.DELIVERED, (200, 204, 299)),
        (DeliveryResult.REFUSED, (400, 413, 415, 422)),
        (DeliveryResult.GONE, (410,)),
        (DeliveryResult.FAILED, (100, 301, 304, 401, 403, 404, 408, 429, 500, 503, 999)),
    ],
)
def test_only_success_is_delivery(result: DeliveryResult, statuses: tuple[int, ...]) -> None:
    """What says something about the message differs from what says something about the webhook."""
    assert {result_of(status) for status in statuses} == {result}


@given(st.floats(0, 1))
def test_waits_grow_up_to_the_longest(share: float) -> None:
    """Each wait is at least as long as the one before, and chance takes away half at most."""
    waits = [_POLICY.pause(failures, share) for failures in range(1, 200)]
    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert 0.5 <= waits[0] <= 1.0
    assert 300.0 <= waits[-1] <= 600.0


def test_a_message_is_given_up_for_its_age_or_when_it_is_refused_too_often() -> None:
    """A webhook that fails is waited for; a message that cannot be read holds nothing up for long."""
    young, old = timedelta(hours=71), timedelta(hours=73)
    assert not _POLICY.gives_up(DeliveryResult.FAILED, 100, young)
    assert _POLICY.gives_up(DeliveryResult.FAILED, 0, old)
    assert [_POLICY.gives_up(DeliveryResult.REFUSED, count, young) for count in (1, 4, 5)] == [False, False, True]


def test_filters_want_kinds_and_perhaps_no_strangers() -> None:
    """Both conditions must hold."""
    everybody = EventFilter(frozenset({"started"}))
    named = EventFilter(frozenset({"started"}), strangers=False)
    assert everybody.wants(_event(1, person=None))
    assert not named.wants(_event(1, person=None))
    assert named.wants(_event(1))
    assert not EventFilter(frozenset({"left"})).wants(_event(1))


@given(st.lists(st.sampled_from(["door", "desk", "gate"]), max_size=30), st.data())
def test_lanes_keep_each_cameras_order_and_nothing_unsettled_is_passed(cameras: list[str], data: st.DataObject) -> None:
    """Every event is in one lane, in order; the position moves to just before the first that is not settled."""
    events = [_event(position, camera) for position, camera in enumerate(cameras, 11)]
    found = lanes(events)
    assert sorted(event.position for lane in found for event in lane) == [event.position for event in events]
    for lane in found:
        assert len({event.sighting.camera_id for event in lane}) == 1
        assert [event.position for event in lane] == sorted(event.position for event in lane)
    settled = data.draw(st.sets(st.sampled_from([each.position for each in events]))) if events else set()
    reached = settled_up_to(events, settled, 10)
    assert all(position in settled for position in range(11, reached + 1))
    assert reached + 1 not in settled
