"""A tally is shown as the library shows its own counters."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics, generate_latest

from portero_server.telemetry.instruments import Tallies

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's


def test_it_reads_as_the_librarys_counter() -> None:
    """With a label, every series that was asked for is shown, those that counted nothing too."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = Tallies("portero_frames", "Frames.", "outcome", registry=ours)
    counter = Counter("portero_frames", "Frames.", ("outcome",), registry=theirs)
    for label, count in (("empty", 3), ("missing", 0)):
        tallies.series(label).count += count
        counter.labels(label).inc(count)
    assert generate_latest(ours) == generate_latest(theirs)


def test_without_a_label_there_is_one_series() -> None:
    """The only series of a tally without a label is always the same one."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = Tallies("portero_frame_bytes", "Bytes.", None, registry=ours)
    Counter("portero_frame_bytes", "Bytes.", registry=theirs).inc(5)
    tallies.series().count += 2
    tallies.series().count += 3
    assert generate_latest(ours) == generate_latest(theirs)
