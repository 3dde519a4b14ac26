"""What recent commits say about writes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.store.write_health import WriteHealth, WriteState

_EVENTS = st.lists(st.tuples(st.booleans(), st.floats(0, 10)), max_size=30)


def test_nothing_is_known_at_first() -> None:
    """A database that was never written has to be tried."""
    assert WriteHealth().state(0.0, 5.0) is WriteState.UNKNOWN


@given(_EVENTS, st.floats(0, 20), st.floats(0.1, 10))
def test_the_last_write_tells_for_a_while(events: list[tuple[bool, float]], after: float, fresh: float) -> None:
    """Within its time the last event alone decides; later nothing is known, and a failure never turns into success."""
    health, now = WriteHealth(), 100.0
    for well, pause in events:
        now += pause
        if well:
            health.committed(now)
        else:
            health.failed(now, "full")
    state = health.state(now + after, fresh)
    if not events or now + after - now >= fresh:
        assert state is WriteState.UNKNOWN
    else:
        assert state is (WriteState.GOOD if events[-1][0] else WriteState.BAD)
