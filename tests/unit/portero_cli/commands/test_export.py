"""`portero export`: options, output and errors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from portero_cli.commands.export import parse_export_day
from tests.support.client.command_line import Cli
from tests.support.client.exported import rows_in
from tests.support.client.server import FakeServer

_DAYS = ("--since", "2025-06-15", "--until", "2025-06-16")


def test_a_day_is_a_date_or_so_many_days_ago() -> None:
    """Days are of UTC; a time of day is none."""
    assert parse_export_day("2026-05-01") == date(2026, 5, 1)
    assert parse_export_day("2d") == datetime.now(UTC).date() - timedelta(days=2)
    for text in ("2h", "yesterday", "2026-05-01T00:00:00Z", "999999999d"):
        with pytest.raises(ValueError, match="is not a day"):
            parse_export_day(text)


async def test_sightings_are_written_and_the_result_is_told(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A line for people, and with --json a document of counts."""
    server.sightings.sites["cameras/door"] = "lobby"
    server.sightings.store("a", "door", "ana")
    told = await cli("export", tmp_path / "out", *_DAYS)
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        f"{tmp_path / 'out'}: 2 days read; partitions: 1 written, 0 revised, 0 unchanged; 1 sightings\n"
    )
    (row,) = rows_in(tmp_path / "out/site=lobby/date=2025-06-15/part-00000.parquet")
    assert (row["person"], row["display_name"]) == ("ana", "Ana")
    document = (await cli("export", tmp_path / "out", *_DAYS, "--json")).document
    assert document == {
        "folder": str(tmp_path / "out"),
        "days": 2,
        "resumed_days": 0,
        "open_days": 0,
        "written": 0,
        "revised": 0,
        "unchanged": 1,
        "rows": 1,
    }


async def test_days_that_are_not_closed_are_told_where_they_were_asked_for(
    cli: Cli, server: FakeServer, tmp_path: Path
) -> None:
    """Today is left out; without --until nobody asked for it."""
    told = await cli("export", tmp_path / "out", "--since", "0d", "--until", "0d", "--json", "--format", "csv")
    assert (told.code, told.notes) == (0, ["days that are not closed were left out: 1; run it again later"])
    assert (await cli("export", tmp_path / "out", "--since", "0d", "--format", "csv")).err == ""


async def test_what_cannot_be_exported_is_refused_in_a_line(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """An inverted period, another selection, a bucket without a prefix and a key for a folder."""
    out = tmp_path / "out"
    await cli("export", out, *_DAYS)
    for arguments, words in (
        ((out, "--since", "2025-06-16", "--until", "2025-06-15"), "is before"),
        ((out, *_DAYS, "--format", "csv"), "name another folder"),
        (("s3://exports", *_DAYS), "must be s3://BUCKET/PREFIX"),
        ((out, *_DAYS, "--kms-key", "alias/x"), "for s3://BUCKET/PREFIX only"),
    ):
        told = await cli("export", *arguments)
        assert (told.code, told.out) == (4, "")
        assert told.err.count("\n") == 1
        assert words in told.err
