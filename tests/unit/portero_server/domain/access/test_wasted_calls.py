"""Which connection makes so many calls that come to nothing that it is better closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.access.wasted_calls import NO_MESSAGE, Waste, WastedCalls, WastePolicy, waste_of

_POLICY = WastePolicy(per_second=10.0, by_address=4.0, probation=60.0, probation_share=0.1)
_CALLS = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), min_size=1, max_size=200)


def _counted(wasted: WastedCalls, calls: int, *, connection: str = "a:1", address: str = "a", now: float = 0.0) -> int:
    """Returns the number of the call at which the connection is to be closed; 0: it may stay."""
    return next((call for call in range(1, calls + 1) if wasted.count(connection, address, now)), 0)


def test_connection_that_floods_is_closed() -> None:
    """A second's worth of wasted calls at once is borne, the next one is too much."""
    assert _counted(WastedCalls(_POLICY), 100) == 11


@given(_CALLS)
def test_nobody_below_the_limit_is_closed(calls: list[tuple[int, float]]) -> None:
    """Connections that together waste no more than one may are never closed, however their calls are spread."""
    wasted, now = WastedCalls(_POLICY), 0.0
    for connection, pause in calls:
        now += 1 / _POLICY.per_second + pause
        assert not wasted.count(f"a:{connection}", "a", now)


@given(st.integers(1, 50))
def test_many_connections_of_one_address_have_a_limit_together(connections: int) -> None:
    """However many connections an address has, it wastes no more than its share before one is closed."""
    wasted = WastedCalls(_POLICY)
    borne = 0
    while not wasted.count(f"a:{borne % connections}", "a", 0.0):
        borne += 1
    assert borne <= _POLICY.per_second * _POLICY.by_address


def test_flood_closes_nothing_of_other_addresses() -> None:
    """While one address floods, a call that another wastes now and then costs it nothing."""
    wasted = WastedCalls(_POLICY)
    assert _counted(wasted, 100)
    assert _counted(wasted, 10, connection="b:1", address="b") == 0


def test_address_that_flooded_is_watched_closely_for_a_while() -> None:
    """A new connection of an address that flooded is closed after a tenth of the calls, until a minute is over."""
    wasted = WastedCalls(_POLICY)
    _counted(wasted, 100)
    assert _counted(wasted, 100, connection="a:2", now=1.0) == 2
    assert _counted(wasted, 100, connection="a:3", now=100.0) == 11


def test_limit_by_address_can_be_left_out() -> None:
    """Where all come from one proxy's address, only connections have a limit."""
    wasted = WastedCalls(WastePolicy(per_second=10.0, by_address=0))
    assert not any(_counted(wasted, 10, connection=f"proxy:{number}", address="proxy") for number in range(50))


def test_zero_is_no_limit() -> None:
    """With a limit of 0 nothing is ever closed."""
    assert _counted(WastedCalls(WastePolicy(per_second=0)), 10_000) == 0


def test_what_is_remembered_is_bounded() -> None:
    """Addresses that flooded are forgotten, the oldest first, when there are too many."""
    wasted = WastedCalls(WastePolicy(per_second=1.0, most=10))
    for number in range(100):
        assert _counted(wasted, 10, connection=f"{number}:1", address=str(number))
    assert not wasted.on_probation("0", 1.0)
    assert wasted.on_probation("99", 1.0)


@pytest.mark.parametrize("reason", ["LIMIT_REQUESTS", "TOO_MANY_IMAGE_CALLS", "TOO_MANY_CALLS", ""])
def test_known_caller_who_is_told_to_wait_is_no_flood(reason: str) -> None:
    """A busy caller with a valid credential keeps its connection; a stranger who is refused the same way is counted."""
    assert waste_of("RESOURCE_EXHAUSTED", reason, open_method=False, identified=True) is None
    assert waste_of("RESOURCE_EXHAUSTED", reason, open_method=False, identified=False) is Waste.REFUSED


@pytest.mark.parametrize("identified", [True, False])
def test_calls_without_a_message_count_whoever_makes_them(identified: bool) -> None:
    """A call that gave way because it sent no message came to nothing by its caller's doing, credential or not."""
    waste = waste_of("RESOURCE_EXHAUSTED", NO_MESSAGE, open_method=False, identified=identified)
    assert waste is Waste.REFUSED


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "NOT_FOUND", "FAILED_PRECONDITION"])
@pytest.mark.parametrize("identified", [True, False])
def test_troubles_of_the_server_are_nobodys_flood(code: str, identified: bool) -> None:
    """What a draining server, or one without its database, answers to all bridges at once cuts none of them."""
    assert waste_of(code, "", open_method=False, identified=identified) is None


def test_void_credentials_count_even_where_a_valid_one_came_before() -> None:
    """A credential that is refused is counted, also on a connection that showed a valid one."""
    assert waste_of("UNAUTHENTICATED", "", open_method=False, identified=True) is Waste.REFUSED
