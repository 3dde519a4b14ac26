"""Limits of identities and addresses."""

from __future__ import annotations

import pytest

from portero_server.access.limits import LimitPolicy, Limits, LimitSubject, TooFast
from portero_server.domain.access.rates import Limit
from portero_server.errors import LimitReached
from tests.support.server.open_access import Refusals
from tests.support.time.virtual_time import ManualClock

_ANA = LimitSubject("keys/ana", "192.0.2.7")
_BEA = LimitSubject("keys/bea", "192.0.2.7")
_CARLA = LimitSubject("keys/carla", "198.51.100.1")


def _limits(policy: LimitPolicy) -> tuple[Limits, Refusals, ManualClock]:
    refusals, clock = Refusals(), ManualClock()
    return Limits(policy, refusals, clock), refusals, clock


def _refused(limits: Limits, who: LimitSubject) -> bool:
    try:
        limits.request(who)
    except LimitReached:
        return True
    return False


def test_many_identities_of_one_address_share_its_limit() -> None:
    """Two keys of one address get twice what one may have and no more, and another address is not touched."""
    limits, refusals, _ = _limits(LimitPolicy(requests=10, by_address=1.5))
    assert [_refused(limits, _ANA) for _ in range(21)] == [False] * 20 + [True]
    assert [_refused(limits, _BEA) for _ in range(11)] == [False] * 10 + [True]
    assert not _refused(limits, _CARLA)
    assert refusals.limits == [Limit.REQUESTS] * 2


def test_what_an_address_refuses_costs_the_identity_nothing() -> None:
    """After the time that a refusal by the address tells, the identity still has all that it had."""
    limits, _, clock = _limits(LimitPolicy(requests=10, by_address=1.5))
    assert not any(_refused(limits, _ANA) for _ in range(20))
    assert not any(_refused(limits, _BEA) for _ in range(10))
    assert all(_refused(limits, _BEA) for _ in range(10))
    clock.advance(0.1)
    assert not _refused(limits, _BEA)


def test_a_frame_that_its_bytes_keep_out_is_not_counted() -> None:
    """Large frames that are refused use up nothing of the rate of frames."""
    limits, _, _ = _limits(LimitPolicy(frames=2, frame_bytes=1000))
    assert limits.frame(_ANA, 2000) is None
    assert [limits.frame(_ANA, 1000) for _ in range(9)] == [TooFast(Limit.BYTES, 1.0)] * 9
    assert [limits.frame(_ANA, 0) for _ in range(4)] == [None] * 3 + [TooFast(Limit.FRAMES, 0.5)]


def test_a_refusal_names_whose_limit_was_reached() -> None:
    """Somebody without a stream of his own is told that his address has too many."""
    limits, _, _ = _limits(LimitPolicy(streams=1, by_address=2))
    dora = LimitSubject("keys/dora", "192.0.2.7")
    with limits.stream(_ANA), limits.stream(_BEA):
        with pytest.raises(LimitReached, match="more than 1 open streams; try"):
            limits.stream(_ANA).__enter__()
        with pytest.raises(LimitReached, match="more than 2 open streams of all callers at your address; try"):
            limits.stream(dora).__enter__()


def test_without_a_limit_by_address_each_identity_stands_alone() -> None:
    """Behind one proxy neither requests nor connections of others count."""
    limits, _, _ = _limits(LimitPolicy(requests=1, connections=1, by_address=0))
    for number in range(100):
        limits.stranger(f"ipv4:192.0.2.7:{number}", "192.0.2.7")
        assert limits.login_failed("192.0.2.7") == 0
        assert not _refused(limits, LimitSubject(f"keys/{number}", "192.0.2.7"))


def test_the_local_admin_is_not_counted() -> None:
    """Whoever is exempt passes every limit."""
    limits, refusals, _ = _limits(LimitPolicy(requests=1, streams=1, frames=1, frame_bytes=1))
    local = LimitSubject("local", "127.0.0.1", exempt=True)
    with limits.stream(local), limits.stream(local):
        assert not any(_refused(limits, local) or limits.frame(local, 10**9) for _ in range(100))
    assert refusals.limits == []


def test_frames_and_bytes_each_have_their_rate() -> None:
    """Frames beyond the rate, and large frames beyond the rate of bytes, are told apart, with the time to wait."""
    limits, refusals, clock = _limits(LimitPolicy(frames=2, frame_bytes=1000))
    assert [limits.frame(_ANA, 1) for _ in range(5)] == [None] * 4 + [TooFast(Limit.FRAMES, 0.5)]
    clock.advance(1)
    assert limits.frame(_ANA, 1900) is None
    assert limits.frame(_ANA, 1100) == TooFast(Limit.BYTES, 1.0)
    clock.advance(1)
    assert limits.frame(_ANA, 1100) is None
    assert refusals.limits == [Limit.FRAMES, Limit.BYTES]


def test_a_frame_larger_than_a_whole_bucket_can_pass() -> None:
    """A frame that no bucket could ever hold passes when the bucket is full."""
    limits, _, clock = _limits(LimitPolicy(frame_bytes=10))
    assert limits.frame(_ANA, 10_000) is None
    clock.advance(2)
    assert limits.frame(_ANA, 10_000) is None


def test_streams_are_given_back() -> None:
    """A stream that ended makes room for the next, and nothing is remembered of who has none open."""
    limits, _, _ = _limits(LimitPolicy(streams=1, by_address=2))
    for _ in range(3):
        with limits.stream(_ANA), limits.stream(_BEA):
            with pytest.raises(LimitReached, match="1 open streams"):
                limits.stream(_ANA).__enter__()
            with pytest.raises(LimitReached):
                limits.stream(LimitSubject("keys/dora", "192.0.2.7")).__enter__()
    assert limits.stream_holders == 0


def test_a_caller_may_open_so_many_connections_a_minute() -> None:
    """Calls of known connections pass; a new one beyond the rate is refused until there is room for it."""
    limits, _, clock = _limits(LimitPolicy(connections=2))
    for port in (1, 2, 1, 2):
        limits.connected(f"ipv4:192.0.2.7:{port}", "keys/ana")
    for _ in range(2):
        with pytest.raises(LimitReached, match="2 connections a minute") as caught:
            limits.connected("ipv4:192.0.2.7:3", "keys/ana")
        assert caught.value.retry_after == pytest.approx(30)
    limits.connected("ipv4:192.0.2.8:3", "keys/bea")
    clock.advance(30)
    limits.connected("ipv4:192.0.2.7:3", "keys/ana")


def test_strangers_do_not_use_up_the_connections_of_callers_at_their_address() -> None:
    """An address that opens connections without a credential is refused; an identity there still may connect."""
    limits, refusals, _ = _limits(LimitPolicy(connections=2))
    for port in (1, 2):
        limits.stranger(f"ipv4:192.0.2.7:{port}", "192.0.2.7")
    with pytest.raises(LimitReached):
        limits.stranger("ipv4:192.0.2.7:3", "192.0.2.7")
    limits.connected("ipv4:192.0.2.7:4", "keys/ana")
    assert refusals.limits == [Limit.CONNECTIONS]


def test_addresses_of_one_ipv6_subscriber_count_as_one() -> None:
    """Failed logins from anywhere in a /64 add up, and those of the next /64 do not."""
    limits, _, _ = _limits(LimitPolicy())
    for number in range(11):
        waits = limits.login_failed(f"2001:db8::{number:x}")
    assert waits == 1
    assert limits.login_failed("2001:db8::ffff") == 2
    assert limits.login_failed("2001:db8:0:1::1") == 0
