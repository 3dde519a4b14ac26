"""Which images are kept."""

from hypothesis import given, strategies

from portero_bridge.images.sampler import Sampler


def kept(sampler: Sampler, times: list[float]) -> list[float]:
    """Returns the times that are kept."""
    return [time for time in times if sampler.keep(time)]


def test_no_rate_keeps_everything() -> None:
    """Without a rate every image goes on."""
    assert kept(Sampler(None), [0.0, 0.0, 0.1]) == [0.0, 0.0, 0.1]


def test_every_sixth_of_thirty_is_five_a_second() -> None:
    """The phase holds, so that a steady source is thinned evenly."""
    times = [index / 30 for index in range(300)]
    assert kept(Sampler(5), times) == times[::6]


def test_pause_is_not_caught_up() -> None:
    """After a pause images come at the rate again, not in a burst."""
    sampler = Sampler(1)
    assert kept(sampler, [0.0, 10.0, 10.1, 10.2, 11.0]) == [0.0, 10.0, 11.0]


def test_clock_set_back_begins_anew() -> None:
    """A clock that jumps back an hour does not silence the camera for an hour."""
    assert kept(Sampler(1), [7200.0, 3600.0, 3600.5, 3601.0]) == [7200.0, 3600.0, 3601.0]


def test_server_can_lower_the_rate_but_not_raise_it() -> None:
    """The configured rate is the most that is ever sent."""
    sampler = Sampler(5)
    sampler.ask(1)
    assert sampler.rate == 1
    sampler.ask(50)
    assert sampler.rate == 5


@given(
    rate=strategies.floats(0.1, 60),
    steps=strategies.lists(strategies.floats(0, 3), min_size=2, max_size=200),
)
def test_never_faster_than_the_rate(rate: float, steps: list[float]) -> None:
    """However images come, no stretch of time keeps more than the rate and one at each end."""
    time, times = 1000.0, []
    for step in steps:
        time += step
        times.append(time)
    given_times = kept(Sampler(rate), times)
    for first in range(len(given_times)):
        for last in range(first, len(given_times)):
            allowed = (given_times[last] - given_times[first]) * rate / 0.9 + 2
            assert last - first + 1 <= allowed + 1e-6
