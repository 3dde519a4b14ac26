"""Lines fitted to samples, and the limits that they are held against."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tests.chaos.growth_report import LIMITS, Sample, growths, hourly, plot, write_csv


def _samples(**hourly_growth: float) -> list[Sample]:
    """Makes an hour of samples in which the columns named grow so much, beyond a jump while warming up."""
    samples = []
    for number in range(241):
        seconds = 15.0 * number
        values = dict.fromkeys((each.name for each in fields(Sample)), 1_000_000)
        values["seconds"] = round(seconds)
        for name, growth in hourly_growth.items():
            values[name] += round(growth * seconds / 3600) + (50_000_000 if number > 20 else 0)
        samples.append(Sample(**values))
    return samples


def test_what_stands_still_is_within_every_limit() -> None:
    """Nothing that does not grow is too much."""
    assert not any(growth.too_much for growth in growths(_samples()))


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.column)
def test_every_column_can_grow_too_much(limit: object) -> None:
    """Each limit fails for a run that grows beyond it."""
    assert hasattr(limit, "column")
    too_much = [growth.limit.column for growth in growths(_samples(**{limit.column: 10e6})) if growth.too_much]
    assert too_much == [limit.column]


def test_the_warming_up_is_not_growth() -> None:
    """What a process takes at first and keeps does not count."""
    assert hourly(_samples(server_rss=0)[80:], "server_rss") == pytest.approx(0, abs=1e-3)
    assert not any(growth.too_much for growth in growths(_samples(server_rss=1e6)))


def test_reconnects_excuse_what_grpc_keeps_of_each() -> None:
    """Two kilobytes a reconnect are allowed, and no more."""
    excused = growths(_samples(server_rss=20e6, reconnects=10_000))
    assert not any(growth.too_much for growth in excused if growth.limit.column == "server_rss")
    beyond = growths(_samples(server_rss=40e6, reconnects=10_000))
    assert [growth.limit.column for growth in beyond if growth.too_much] == ["server_rss"]


def test_too_few_samples_are_no_verdict() -> None:
    """A run that ends at once proves nothing and says so."""
    with pytest.raises(ValueError, match="too few"):
        growths(_samples()[:2])


def test_samples_are_kept_and_drawn(tmp_path: Path) -> None:
    """The table has every sample, and the plot is a picture."""
    samples = _samples(server_rss=1e6)
    write_csv(tmp_path / "growth.csv", samples)
    plot(tmp_path / "growth.png", samples, "an hour")
    assert len((tmp_path / "growth.csv").read_text().splitlines()) == len(samples) + 1
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
