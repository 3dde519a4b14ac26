"""How many lines of one kind are written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.log_rates import LineRates, Suppressed


@given(lines=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30)), max_size=200), most=st.integers(1, 5))
def test_every_line_is_written_or_counted(lines: list[tuple[str, float]], most: int) -> None:
    """No source writes more than its lines a minute, and written and suppressed lines together are all there were."""
    rates: LineRates[str] = LineRates(2)
    now, written, told = 0.0, 0, 0
    times: dict[str, list[float]] = {}
    for source, pause in lines:
        now += pause
        told += sum(each.lines for each in rates.ended(now))
        if rates.allows(source, most, now):
            written += 1
            times.setdefault(source, []).append(now)
        assert len(rates) <= 3
    told += sum(each.lines for each in rates.rest())
    assert written + told == len(lines)


def test_the_first_lines_of_each_minute_are_written_and_the_rest_is_told() -> None:
    """Two of five lines pass, three are told when the minute is over, and the next minute begins anew."""
    rates: LineRates[str] = LineRates()
    assert [rates.allows("a", 2, now) for now in (0, 1, 2, 3, 59)] == [True, True, False, False, False]
    assert rates.ended(59) == []
    assert rates.ended(60) == [Suppressed("a", 3)]
    assert rates.allows("a", 2, 60)
    assert rates.rest() == []


def test_sources_do_not_share() -> None:
    """A source that floods takes no line from another."""
    rates: LineRates[str] = LineRates()
    for _ in range(10):
        rates.allows("a", 1, 0)
    assert rates.allows("b", 1, 0)
