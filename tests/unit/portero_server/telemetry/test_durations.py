"""Histograms of durations read as the library's own do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from prometheus_client.openmetrics import exposition

from portero_server.telemetry import instruments
from portero_server.telemetry.instruments import Durations

disable_created_metrics()  # type: ignore[no-untyped-call]  # as the server's metrics do

_SECONDS = st.one_of(st.sampled_from(instruments.FAST), st.floats(0.0, 1e6))


@settings(deadline=None)
@given(observed=st.lists(st.tuples(st.sampled_from(["queue", "gate"]), _SECONDS), max_size=50))
def test_a_scrape_shows_what_the_library_would_show(observed: list[tuple[str, float]]) -> None:
    """With the same observations, on a bound or not, both formats are those of the library's histogram to the byte."""
    ours, library = CollectorRegistry(), CollectorRegistry()
    durations = Durations("portero_stage_seconds", "A stage.", "stage", buckets=instruments.FAST, registry=ours)
    histogram = Histogram("portero_stage_seconds", "A stage.", ("stage",), buckets=instruments.FAST, registry=library)
    for label in ("queue", "gate"):
        durations.series(label)
        histogram.labels(label)
    for label, seconds in observed:
        durations.series(label).observe(seconds)
        histogram.labels(label).observe(seconds)
    assert _shown(ours) == _shown(library)
    assert _shown(ours, open_metrics=True) == _shown(library, open_metrics=True)


def test_a_histogram_without_labels_is_one_series() -> None:
    """Without a label its samples carry none but their bound."""
    registry = CollectorRegistry()
    Durations("portero_wait_seconds", "A wait.", None, buckets=(1.0, 2.0), registry=registry).series().observe(1.5)
    lines = [line for line in _shown(registry).decode().splitlines() if not line.startswith("#")]
    assert lines == [
        'portero_wait_seconds_bucket{le="1.0"} 0.0',
        'portero_wait_seconds_bucket{le="2.0"} 1.0',
        'portero_wait_seconds_bucket{le="+Inf"} 1.0',
        "portero_wait_seconds_count 1.0",
        "portero_wait_seconds_sum 1.5",
    ]


def _shown(registry: CollectorRegistry, *, open_metrics: bool = False) -> bytes:
    show = exposition.generate_latest if open_metrics else generate_latest
    return bytes(show(registry))
