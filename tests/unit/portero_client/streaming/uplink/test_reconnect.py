"""What follows the end of a session."""

import pytest

from portero_client.backoff import Backoff
from portero_client.errors import (
    Aborted,
    FailedPrecondition,
    NotFound,
    PermissionDenied,
    PorteroError,
    ResourceExhausted,
    Unavailable,
)
from portero_client.streaming.delivery.terms import HangUp
from portero_client.streaming.uplink.reconnect import Plan, Reconnect, Remedy, SessionEnd

AWAY = Unavailable("gone")
UNKNOWN = NotFound("no such camera", reason="CAMERA_NOT_FOUND")


def planner(*, register: bool = True, patience: float | None = None) -> Reconnect:
    """Makes a planner that always draws the largest delay."""
    return Reconnect(Backoff(0.1, 2.0), lambda: 1.0, register=register, patience=patience, now=0.0)


def ended(cause: HangUp | PorteroError, *, opened: bool = False, progressed: bool = False) -> SessionEnd:
    """Returns the end of a short session."""
    return SessionEnd(cause, opened, progressed, lived=1.0)


def test_failures_are_tried_ever_less_often() -> None:
    """Delays grow while the server is away, and begin anew once something became durable."""
    reconnect = planner()
    assert [reconnect.after(ended(AWAY), 0.0).delay for _ in range(3)] == [0.1, 0.2, 0.4]
    assert reconnect.after(ended(AWAY, opened=True, progressed=True), 0.0).delay == 0.1


def test_session_that_opens_and_breaks_at_once_is_no_success() -> None:
    """A server that takes streams and falls over is not stormed."""
    reconnect = planner()
    delays = [reconnect.after(ended(AWAY, opened=True), 0.0).delay for _ in range(3)]
    assert delays == [0.1, 0.2, 0.4]


def test_drain_reconnects_at_once_but_not_for_ever() -> None:
    """The first Drain costs no delay; a server that drains every session at once is backed away from."""
    reconnect = planner()
    assert reconnect.after(ended(HangUp.DRAINED, opened=True), 0.0) == Plan(Remedy.NOTHING, 0.0)
    assert reconnect.after(ended(HangUp.DRAINED, opened=True), 0.0).delay == 0.1
    assert reconnect.after(ended(HangUp.DRAINED, opened=True, progressed=True), 0.0).delay == 0.0


def test_unknown_camera_is_registered_where_that_is_wanted() -> None:
    """CAMERA_NOT_FOUND asks for CreateCamera, and without leave for patience."""
    assert planner().after(ended(UNKNOWN), 0.0) == Plan(Remedy.REGISTER, 0.0)
    refused = planner(register=False).after(ended(UNKNOWN), 0.0)
    assert refused.remedy is Remedy.NOTHING
    assert refused.delay >= 30


def test_foreign_numbering_is_renumbered() -> None:
    """A durable sequence of another numbering asks for a new epoch at once."""
    assert planner().after(ended(HangUp.EPOCH_UNKNOWN), 0.0) == Plan(Remedy.RENUMBER, 0.0)


def test_superseded_session_keeps_away_for_long() -> None:
    """Two bridges that claim one camera do not throw each other out in turn."""
    superseded = Aborted("a later session took over", reason="SESSION_SUPERSEDED")
    assert planner().after(ended(superseded, opened=True, progressed=True), 0.0).delay >= 30


def test_server_may_ask_for_a_longer_delay() -> None:
    """RetryInfo is obeyed where it is longer than the backoff."""
    exhausted = ResourceExhausted("too many streams", retry_after=7.0)
    assert planner().after(ended(exhausted), 0.0).delay == 7.0


def test_refusals_end_a_patient_call_at_once_and_a_bridge_never() -> None:
    """What asking again cannot change is raised to a caller with patience, and retried slowly without."""
    denied = PermissionDenied("not your camera")
    with pytest.raises(PermissionDenied):
        planner(patience=60.0).after(ended(denied), 0.0)
    assert planner().after(ended(denied), 0.0).delay >= 30
    assert planner().after(ended(FailedPrecondition("disabled")), 0.0).delay >= 30


def test_patience_counts_from_the_last_open_session() -> None:
    """A caller with patience gives up only when no session was opened for so long."""
    reconnect = planner(patience=10.0)
    reconnect.after(ended(AWAY), 9.0)
    reconnect.after(ended(AWAY, opened=True), 20.0)
    reconnect.after(ended(HangUp.NOT_OPENED), 29.0)
    with pytest.raises(Unavailable):
        reconnect.after(ended(AWAY), 30.0)
