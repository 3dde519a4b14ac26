"""Whether sightings are exported by schedule is a matter of the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from portero_server.clock import SystemClock
from portero_server.composition import exports
from portero_server.composition.context import BuildContext
from portero_server.composition.exports import ExportParts, build, export_id_of, place_of, rules_of
from portero_server.composition.store import build as open_stores
from portero_server.domain.audit.chain import Deed
from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.export_days import ExportRules
from portero_server.errors import StartupProblem
from portero_server.exports.bucket import ExportBucket
from portero_server.exports.folder import ExportFolder
from portero_server.exports.layout import MARKER
from portero_server.settings import Settings
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import NO_TRACES

BUCKET: dict[str, Any] = {"export": "s3://lake/exports", "export_region": "us-east-1"}


async def _record(deed: Deed) -> None:
    raise AssertionError("nothing is written")


@asynccontextmanager
async def _parts(tmp_path: Path, **settings: Any) -> AsyncIterator[ExportParts]:
    chosen = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}", **settings)
    context = BuildContext(chosen, SystemClock(), Metrics(version="0", engine="local"), NO_TRACES)
    async with open_stores(context, create=True) as stores:
        yield await build(context, stores, _record)


async def test_unset_nothing_runs(tmp_path: Path) -> None:
    """Other settings of exports change nothing then."""
    async with _parts(tmp_path, export_format="jsonl", export_since="2026-05-01") as parts:
        assert (parts.runs(), parts.scheduled) == ([], None)


async def test_set_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """One that holds another export ends the start, and nothing is written to it."""
    folder = tmp_path / "exports"
    async with _parts(tmp_path, export=str(folder)) as parts:
        (run,) = parts.runs()
        run.close()
    assert (folder.stat().st_mode & 0o777, list(folder.iterdir())) == (0o700, [])
    (folder / MARKER).write_text('{"format": "csv"}')
    with pytest.raises(StartupProblem, match="PORTERO_EXPORT holds another export"):
        async with _parts(tmp_path, export=str(folder)):
            pass
    assert [path.name for path in folder.iterdir()] == [MARKER]


async def test_parquet_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the start ends with what to install."""
    monkeypatch.setattr(exports, "find_spec", lambda name: None)
    with pytest.raises(StartupProblem, match=r"pip install 'portero\[parquet\]'"):
        async with _parts(tmp_path, export=str(tmp_path / "exports"), export_format="parquet"):
            pass


def test_the_rules_are_those_of_the_settings() -> None:
    """Purposes that are kept for ever have no end; files that keep what is gone follow none."""
    settings = Settings(export_since="2026-05-01", export_closed_after_hours=2, retention_sightings_days=0)
    spans = {each: timedelta(days=30) for each in (Purpose.STRANGERS, Purpose.VISITORS)}
    assert rules_of(settings) == ExportRules(timedelta(hours=2), date(2026, 5, 1), spans)
    assert rules_of(Settings(export_expired="keep")) == ExportRules(timedelta(hours=6))


def test_another_place_or_selection_is_another_export() -> None:
    """The order of sites is none of it, nor is when days are written."""
    settings = Settings(**BUCKET, export_sites="a, b")
    assert export_id_of(settings) == export_id_of(Settings(**BUCKET, export_sites="b,a", export_since="2026-05-01"))
    others = [Settings(**BUCKET), Settings(**BUCKET, export_sites="a,b", export_format="jsonl")]
    assert export_id_of(settings) not in [export_id_of(each) for each in others]


def test_places_are_folders_and_prefixes_of_buckets(tmp_path: Path) -> None:
    """A path that is not whole, and a bucket without a prefix, are wrong settings."""
    assert isinstance(place_of(Settings(export=str(tmp_path))), ExportFolder)
    assert isinstance(place_of(Settings(**BUCKET)), ExportBucket)
    with pytest.raises(ValidationError, match="2000-01-01"):
        Settings(export_since="0206-05-01")
    for wrong, words in (("exports", "must be a whole path"), ("s3://lake", "must be s3://BUCKET/PREFIX")):
        with pytest.raises(ValidationError, match=words):
            Settings(export=wrong)
