"""The planner of one camera's stream, one rule at a time."""

from portero_client.streaming.delivery.planner import Delivery
from portero_client.streaming.delivery.terms import Action, Credit, DeliveryLimits, HangUp, Sign, Terms
from portero_client.streaming.frames import DeliveryMode, Frame, Gap, GapReason, ImageLimits
from tests.support.bridge.pictures import frame

LIMITS = DeliveryLimits(window_frames=8, window_bytes=100_000, backlog_frames=3, max_age=10.0)


def terms(durable: int = 0, frames: int = 100, size: int = 10_000_000, max_bytes: int = 5_000) -> Terms:
    """Returns what a server says in Opened."""
    return Terms("session", durable, Credit(frames, size), ImageLimits(max_bytes), heartbeat_interval=10.0)


def opened(delivery: Delivery, given: Terms | None = None, now: float = 0.0) -> Delivery:
    """Opens a session."""
    delivery.connecting(now)
    assert delivery.next_action(now) is Sign.OPEN
    delivery.opened(given or terms(), delivery.last_sequence, now)
    return delivery


def actions(delivery: Delivery, now: float = 0.0) -> list[Action]:
    """Returns everything that may be written now."""
    given: list[Action] = []
    while (action := delivery.next_action(now)) is not None:
        given.append(action)
    return given


def live() -> Delivery:
    """Makes a LIVE delivery."""
    return Delivery(DeliveryMode.LIVE, "epoch", LIMITS)


def lossless() -> Delivery:
    """Makes a LOSSLESS delivery."""
    return Delivery(DeliveryMode.LOSSLESS, "epoch", LIMITS)


def sequences(given: list[Action]) -> list[int]:
    """Returns the sequences of the frames among actions."""
    return [action.sequence for action in given if isinstance(action, Frame)]


def test_nothing_but_open_is_sent_before_opened() -> None:
    """The first message is Open, and frames wait for the server's answer."""
    delivery = live()
    delivery.offer(frame(1), 0.0)
    delivery.connecting(0.0)
    assert actions(delivery) == [Sign.OPEN]
    delivery.opened(terms(), 1, 0.0)
    assert actions(delivery) == [frame(1)]


def test_frames_wait_for_credit_in_frames_and_bytes() -> None:
    """A frame leaves only when both kinds of credit hold it, and a larger total lets it go."""
    delivery = opened(lossless(), terms(frames=2, size=150))
    for number in (1, 2, 3):
        delivery.offer(frame(number), 0.0)
    assert sequences(actions(delivery)) == [1]
    delivery.acked(0, Credit(2, 1000), 0.0)
    assert sequences(actions(delivery)) == [2]
    delivery.acked(0, Credit(3, 1000), 0.0)
    assert sequences(actions(delivery)) == [3]


def test_credit_never_shrinks() -> None:
    """A repeated or reordered grant changes nothing."""
    delivery = opened(lossless(), terms(frames=2))
    delivery.acked(0, Credit(1, 1), 0.0)
    delivery.offer(frame(1), 0.0)
    delivery.offer(frame(2), 0.0)
    assert sequences(actions(delivery)) == [1, 2]


def test_live_without_credit_drops_the_oldest_and_says_so() -> None:
    """When more than the backlog waits for credit, the oldest become one Gap ahead of the rest."""
    delivery = opened(live(), terms(frames=0))
    for number in range(1, 6):
        delivery.offer(frame(number), 0.0)
    assert actions(delivery) == [Gap(1, 2, GapReason.NO_CREDIT)]
    delivery.acked(2, Credit(10, 10_000), 0.0)
    assert sequences(actions(delivery)) == [3, 4, 5]
    assert delivery.take_dropped() == {GapReason.NO_CREDIT: 2}


def test_lossless_has_no_room_rather_than_a_loss() -> None:
    """A full LOSSLESS window refuses, and has room again once something is durable."""
    delivery = opened(lossless(), terms(frames=0))
    for number in range(1, 9):
        assert delivery.has_room
        delivery.offer(frame(number), 0.0)
    room_when_full = delivery.has_room
    delivery.acked(0, Credit(8, 100_000), 0.0)
    assert sequences(actions(delivery)) == list(range(1, 9))
    delivery.acked(5, Credit(8, 100_000), 0.0)
    assert (room_when_full, delivery.has_room) == (False, True)
    assert delivery.held_frames == 3


def test_resumes_after_the_durable_sequence() -> None:
    """What was sent but not durable is sent again in the next session, and nothing before it."""
    delivery = opened(lossless())
    for number in range(1, 6):
        delivery.offer(frame(number), 0.0)
    actions(delivery)
    delivery.disconnected()
    opened(delivery, terms(durable=3))
    assert sequences(actions(delivery)) == [4, 5]


def test_live_frames_too_old_at_the_reconnect_become_a_gap() -> None:
    """Frames of a lost session are sent again only while they are fresh."""
    delivery = opened(live())
    delivery.offer(frame(1), 0.0)
    delivery.offer(frame(2), 0.0)
    actions(delivery)
    delivery.disconnected()
    delivery.offer(frame(3), 9.0)
    opened(delivery, terms(), now=11.0)
    assert actions(delivery, 11.0) == [Gap(1, 2, GapReason.DISCONNECTED), frame(3)]


def test_live_window_is_bounded_while_disconnected() -> None:
    """A camera that goes on without a server keeps the newest frames, and one Gap for the rest."""
    delivery = live()
    for number in range(1, 101):
        delivery.offer(frame(number), 0.0)
    assert delivery.held_frames == LIMITS.window_frames
    opened(delivery, terms(frames=100))
    assert actions(delivery)[0] == Gap(1, 92, GapReason.DISCONNECTED)


def test_oversized_frame_becomes_a_gap_in_both_modes() -> None:
    """A frame that the server would never take is reported, and what follows goes on."""
    for delivery in (live(), lossless()):
        opened(delivery)
        delivery.offer(frame(1), 0.0)
        delivery.offer(frame(2, size=5_001), 0.0)
        delivery.offer(frame(3), 0.0)
        assert actions(delivery) == [frame(1), Gap(2, 2, GapReason.OVERSIZED), frame(3)]


def test_drain_stops_sending_at_once() -> None:
    """After Drain nothing more is written, and the session is to be ended."""
    delivery = opened(live())
    delivery.offer(frame(1), 0.0)
    delivery.drained()
    assert actions(delivery) == []
    assert delivery.check(0.0) is HangUp.DRAINED


def test_pause_holds_frames_but_not_signs_of_life() -> None:
    """During a pause only heartbeats are written; afterward the frames follow."""
    delivery = opened(lossless())
    delivery.paused(30.0, 0.0)
    delivery.offer(frame(1), 0.0)
    assert actions(delivery, 5.0) == []
    assert actions(delivery, 8.0) == [Sign.HEARTBEAT]
    delivery.heard(29.0)
    assert frame(1) in actions(delivery, 30.0)


def test_a_pause_does_not_keep_what_is_held_from_a_stream_that_ends() -> None:
    """When nothing more comes, what was numbered leaves before Finish, pause or not."""
    delivery = opened(lossless())
    delivery.paused(3600.0, 0.0)
    delivery.offer(frame(1), 0.0)
    assert delivery.pause_left(600.0) == 3000.0
    assert actions(delivery) == []
    delivery.finish()
    assert actions(delivery) == [frame(1), Sign.FINISH]


def test_a_pause_of_nothing_ends_one() -> None:
    """A server that wants frames again need not wait for the end of the pause it asked for."""
    delivery = opened(lossless())
    delivery.paused(3600.0, 0.0)
    delivery.offer(frame(1), 0.0)
    delivery.paused(0.0, 5.0)
    assert delivery.pause_left(5.0) == 0
    assert frame(1) in actions(delivery, 5.0)


def test_the_servers_heartbeat_is_answered_first() -> None:
    """An answer leaves before the frames that wait, once, and not in the next session."""
    delivery = opened(live())
    delivery.offer(frame(1), 0.0)
    delivery.asked_for_sign()
    assert actions(delivery) == [Sign.HEARTBEAT, frame(1)]
    delivery.asked_for_sign()
    delivery.disconnected()
    assert actions(opened(delivery)) == [frame(1)]


def test_heartbeats_only_when_nothing_else_was_sent() -> None:
    """A frame counts as a sign of life, and silence of most of an interval asks for one."""
    delivery = opened(live())
    delivery.offer(frame(1), 5.0)
    assert actions(delivery, 5.0) == [frame(1)]
    assert actions(delivery, 12.0) == []
    assert delivery.wake_at(12.0) == 12.5
    assert actions(delivery, 12.5) == [Sign.HEARTBEAT]


def test_silent_server_is_given_up() -> None:
    """Three intervals without a word end the session."""
    delivery = opened(live())
    assert delivery.check(29.9) is None
    assert delivery.check(30.0) is HangUp.SILENT


def test_stale_watermark_is_given_up_though_the_server_talks() -> None:
    """Frames that stay unacknowledged for too long end the session; an idle stream may stay."""
    delivery = opened(live())
    delivery.heard(100.0)
    assert delivery.check(100.0) is None
    delivery.offer(frame(1), 100.0)
    actions(delivery, 100.0)
    delivery.heard(125.0)
    assert delivery.check(129.9) is None
    assert delivery.check(130.0) is HangUp.STALE


def test_unanswered_open_is_given_up() -> None:
    """A server that accepts the call and says nothing is left after the limit."""
    delivery = live()
    delivery.connecting(0.0)
    actions(delivery)
    assert delivery.check(9.9) is None
    assert delivery.check(10.0) is HangUp.NOT_OPENED


def test_foreign_durable_sequence_asks_for_a_new_epoch() -> None:
    """A server that knows more, or less, than this numbering gets a new one instead of silent losses."""
    for durable in (7, 1):
        delivery = opened(live(), terms())
        for number in (1, 2, 3):
            delivery.offer(frame(number), 0.0)
        actions(delivery)
        delivery.acked(2, Credit(100, 10_000), 0.0)
        delivery.disconnected()
        delivery.connecting(0.0)
        actions(delivery)
        delivery.opened(terms(durable=durable), 3, 0.0)
        assert delivery.check(0.0) is HangUp.EPOCH_UNKNOWN
        delivery.disconnected()
        delivery.renumber("another")
        opened(delivery)
        (again,) = actions(delivery)
        assert isinstance(again, Frame)
        assert (again.sequence, again.jpeg) == (1, frame(3).jpeg)


def test_session_may_open_beyond_the_window() -> None:
    """A durable sequence that only the spool has reached moves the window there."""
    delivery = Delivery(DeliveryMode.LOSSLESS, "epoch", LIMITS, durable_sequence=10)
    delivery.offer(frame(11), 0.0)
    delivery.connecting(0.0)
    actions(delivery)
    delivery.opened(terms(durable=15), 20, 0.0)
    delivery.offer(frame(12), 0.0)
    delivery.offer(Gap(14, 17, GapReason.SPOOL_FULL), 0.0)
    assert actions(delivery) == [Gap(16, 17, GapReason.SPOOL_FULL)]


def test_ack_of_what_was_never_sent_ends_the_session() -> None:
    """A frame is not forgotten because a server acknowledges more than it got."""
    delivery = opened(lossless(), terms(frames=1))
    delivery.offer(frame(1), 0.0)
    delivery.offer(frame(2), 0.0)
    actions(delivery)
    delivery.acked(2, Credit(9, 9_000), 0.0)
    assert delivery.check(0.0) is HangUp.ACK_BEYOND_SENT
    assert delivery.held_frames == 2


def test_server_out_of_turn_ends_the_session() -> None:
    """An Ack before Opened, and a second Opened, break the law of the first message."""
    delivery = live()
    delivery.connecting(0.0)
    actions(delivery)
    delivery.acked(0, Credit(1, 1), 0.0)
    assert delivery.check(0.0) is HangUp.OUT_OF_TURN
    delivery = opened(live())
    delivery.opened(terms(), 0, 0.0)
    assert delivery.check(0.0) is HangUp.OUT_OF_TURN


def test_finish_follows_the_last_frame_and_ends_with_everything_durable() -> None:
    """Finish waits until all is sent, and Finished makes the delivery done."""
    delivery = opened(lossless(), terms(frames=1))
    delivery.offer(frame(1), 0.0)
    delivery.offer(frame(2), 0.0)
    delivery.finish()
    assert actions(delivery) == [frame(1)]
    delivery.acked(1, Credit(2, 10_000), 0.0)
    assert actions(delivery) == [frame(2), Sign.FINISH]
    delivery.finished(2, 0.0)
    assert delivery.is_done


def test_finished_before_everything_is_durable_is_not_the_end() -> None:
    """A server that finishes too early is asked again in a new session."""
    delivery = opened(lossless())
    delivery.offer(frame(1), 0.0)
    delivery.finish()
    actions(delivery)
    delivery.finished(0, 0.0)
    assert not delivery.is_done
    assert delivery.check(0.0) is HangUp.FINISHED_EARLY
    delivery.disconnected()
    opened(delivery)
    assert actions(delivery) == [frame(1), Sign.FINISH]


def test_gaps_that_were_sent_cost_no_memory() -> None:
    """A server that gives no credit and acknowledges nothing gets gaps for ever from one entry."""
    delivery = opened(live(), terms(frames=0))
    for number in range(1, 1001):
        delivery.offer(frame(number), 0.0)
        actions(delivery)
    delivery.disconnected()
    opened(delivery, terms(frames=100))
    assert actions(delivery)[0] == Gap(1, 997, GapReason.NO_CREDIT)
