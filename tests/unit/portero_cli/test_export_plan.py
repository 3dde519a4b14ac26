"""Which partitions are written, and when again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from portero_cli.export_plan import (
    Content,
    ExportFormat,
    Manifest,
    Partition,
    Run,
    bounds,
    closed_days,
    manifest_of,
    next_manifest,
    run_of,
)

_DAY = date(2026, 5, 1)
_NOW = datetime(2026, 5, 3, 5, 59, tzinfo=UTC)
_LOBBY = Partition("lobby", _DAY)
_CONTENT = Content(rows=2, rows_sha256="rows", sha256="file", size=9)


def _next(known: Manifest | None, stored: str, content: Content = _CONTENT) -> Manifest | None:
    return next_manifest(known, stored, content, _LOBBY, ExportFormat.CSV, _NOW)


def test_a_day_is_closed_when_it_is_over_for_the_grace() -> None:
    """The last day is left out until the last minute of the grace, and today always."""
    wanted, grace = (_DAY, date(2026, 5, 3)), timedelta(hours=6)
    assert closed_days(*wanted, _NOW, grace) == [_DAY]
    assert closed_days(*wanted, _NOW + timedelta(minutes=1), grace) == [_DAY, date(2026, 5, 2)]
    assert closed_days(date(2026, 5, 2), _DAY, _NOW, grace) == []
    start, end = bounds(_DAY)
    assert (start.isoformat(), end - start) == ("2026-05-01T00:00:00+00:00", timedelta(days=1))


@pytest.mark.parametrize(
    ("site", "folder"),
    [
        ("lobby", "site=lobby"),
        ("", "site=__HIVE_DEFAULT_PARTITION__"),
        ("a/b c", "site=a%2Fb%20c"),
        ("..", "site=.."),
    ],
)
def test_names_of_partitions_are_as_hive_lays_them_out(site: str, folder: str) -> None:
    """No site leaves its folder, and cameras of no site have one."""
    assert Partition(site, _DAY).folder == f"{folder}/date=2026-05-01"


def test_a_partition_is_written_again_only_if_its_sightings_changed() -> None:
    """The same rows are left alone; other rows, a file that is not the manifest's, and another schema are revised."""
    first = _next(None, "")
    assert first is not None
    assert (first.revision, first.rows, first.sha256, first.file) == (1, 2, "file", "part-00000.csv")
    assert _next(first, "file") is None
    other = _next(first, "file", replace(_CONTENT, rows=3, rows_sha256="others"))
    assert other is not None
    assert (other.revision, other.rows) == (2, 3)
    for again in (_next(first, ""), _next(first, "damaged"), _next(replace(first, schema_version=0), "file")):
        assert again is not None
        assert again.revision == 2


def test_a_manifest_is_read_as_it_was_written() -> None:
    """A missing or damaged one is none."""
    written = _next(None, "")
    assert written is not None
    assert manifest_of(written.text().encode()) == written
    for damaged in (None, b"", b"{", b"[]", b'{"site": "lobby"}'):
        assert manifest_of(damaged) is None


def test_a_run_is_resumed_over_the_same_period_within_a_day() -> None:
    """Another period, an old run and a damaged note begin anew."""
    noted = Run(_DAY, date(2026, 5, 9), _NOW, (_DAY,))
    text, new = noted.text().encode(), replace(noted, done=())
    assert run_of(text, noted.since, noted.until, _NOW) == noted
    assert run_of(text, noted.since, _DAY, _NOW).done == ()
    later = _NOW + timedelta(days=1)
    assert run_of(text, noted.since, noted.until, later) == replace(new, begun=later)
    for damaged in (None, b"{", b'{"since": 1}', b"[]"):
        assert run_of(damaged, noted.since, noted.until, _NOW) == new
