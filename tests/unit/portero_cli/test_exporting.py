"""A run of an export: what is written, written again, resumed and refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from portero_cli.export_place import opened_place
from portero_cli.export_plan import ExportFormat, Selection
from portero_cli.exporting import Exported, ExportRun, scope_of
from portero_client import (
    Backoff,
    Caller,
    ConnectionSettings,
    Grant,
    InvalidArgument,
    PorteroClient,
    PorteroError,
    Role,
)
from tests.support.client.buckets import s3
from tests.support.client.exported import rows_in
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal

__all__ = ["s3"]

_FIRST = date(2025, 6, 15)
_DAY = 86_400
_MORNING = 1_749_945_600 - 1_750_000_000
"""Midnight of the first day, in the fake's time."""
_NOW = datetime(2025, 7, 1, tzinfo=UTC)
_ALL = Selection(ExportFormat.JSONL)


@pytest.fixture
def stored(server: FakeServer) -> FakeServer:
    """Three days of sightings at two sites, on the edges of the days too."""
    sightings = server.sightings
    sightings.sites = {"cameras/door": "lobby", "cameras/desk": "bar"}
    for name, camera, person, seconds in (
        ("a", "door", "ana", 0),
        ("b", "door", "", _DAY - 1),
        ("c", "desk", "bo", 50),
        ("d", "door", "ana", _DAY),
        ("e", "gone", "", 2 * _DAY + 7),
    ):
        sightings.store(name, camera, person, seconds=_MORNING + seconds)
    return server


async def _run(
    server: FakeServer,
    place: str | Path,
    selection: Selection = _ALL,
    days: int = 3,
) -> Exported:
    settings = ConnectionSettings(server=server.address, reconnect=Backoff(first=0.0, cap=0.0))
    async with PorteroClient(settings) as client:
        with opened_place(str(place)) as opened:
            run = ExportRun(client, opened, selection)
            last = _FIRST + timedelta(days=days - 1)
            return await run.execute(_FIRST, last, _NOW, timedelta(hours=6), lambda done, total: None)


def _names(folder: Path) -> dict[str, list[str]]:
    """Returns the sightings of each partition."""
    return {
        file.parent.relative_to(folder).as_posix(): [row["sighting"] for row in rows_in(file)]
        for file in sorted(folder.glob("site=*/date=*/part-00000.*"))
    }


def _revision(folder: Path, partition: str) -> int:
    manifest: dict[str, Any] = json.loads((folder / partition / "_manifest.json").read_bytes())
    revision: int = manifest["revision"]
    return revision


_LOBBY, _BAR = "site=lobby/date=2025-06-15", "site=bar/date=2025-06-15"
_WRITTEN = {
    _LOBBY: ["a", "b"],
    _BAR: ["c"],
    "site=lobby/date=2025-06-16": ["d"],
    "site=__HIVE_DEFAULT_PARTITION__/date=2025-06-17": ["e"],
}


@pytest.mark.parametrize("format_", ExportFormat)
async def test_each_sighting_is_in_the_partition_of_its_site_and_day(
    stored: FakeServer, tmp_path: Path, format_: ExportFormat
) -> None:
    """A second of midnight parts two days, and a camera of no site has a partition of its own."""
    done = await _run(stored, tmp_path, Selection(format_))
    assert done == Exported(days=3, written=4, rows=5)
    assert _names(tmp_path) == _WRITTEN


async def test_only_what_changed_is_written_again(stored: FakeServer, tmp_path: Path) -> None:
    """A late sighting, an erased one and a moved camera revise their partitions, and no other."""
    await _run(stored, tmp_path)
    assert await _run(stored, tmp_path) == Exported(days=3, unchanged=4, rows=5)
    stored.sightings.store("late", "door", "", seconds=_MORNING + 60)
    del stored.sightings.sightings["sightings/c"]
    done = await _run(stored, tmp_path)
    assert (done.written, done.revised, done.unchanged) == (0, 2, 2)
    assert _names(tmp_path) == {**_WRITTEN, _LOBBY: ["a", "late", "b"], _BAR: []}
    assert (_revision(tmp_path, _LOBBY), _revision(tmp_path, _BAR)) == (2, 2)
    stored.sightings.sites["cameras/door"] = "bar"
    done = await _run(stored, tmp_path)
    assert (done.written, done.revised, done.unchanged) == (1, 3, 1)
    assert _names(tmp_path)[_BAR] == ["a", "late", "b"]


async def test_an_erased_person_is_in_no_file_afterwards(stored: FakeServer, tmp_path: Path) -> None:
    """The bytes of the folder hold neither name nor id of somebody who was erased before the run."""
    await _run(stored, tmp_path)

    def held() -> list[Path]:
        return [file for file in tmp_path.rglob("*") if file.is_file() and b"ana" in file.read_bytes().lower()]

    assert len(held()) == 2
    for name in ("a", "d"):
        del stored.sightings.sightings[f"sightings/{name}"]
    done = await _run(stored, tmp_path)
    assert (done.revised, held()) == (2, [])


async def test_a_cut_run_goes_on_with_the_day_it_was_at(stored: FakeServer, tmp_path: Path) -> None:
    """Days that were done are not asked for again by the same run, and are by the next one."""
    stored.refuse("ExportSightings", Refusal(grpc.StatusCode.PERMISSION_DENIED, "no"), after=1)
    with pytest.raises(PorteroError):
        await _run(stored, tmp_path)
    assert _names(tmp_path) == {_LOBBY: ["a", "b"], _BAR: ["c"]}
    done = await _run(stored, tmp_path)
    assert (done.days, done.resumed_days, done.written) == (2, 1, 2)
    assert _names(tmp_path) == _WRITTEN
    assert (await _run(stored, tmp_path)).days == 3


async def test_a_damaged_file_is_written_again(stored: FakeServer, tmp_path: Path) -> None:
    """A file that is not its manifest's, or a manifest that cannot be read, is replaced."""
    await _run(stored, tmp_path)
    (tmp_path / _LOBBY / "part-00000.jsonl").write_bytes(b"{}")
    (tmp_path / _BAR / "_manifest.json").write_bytes(b"{")
    done = await _run(stored, tmp_path)
    assert (done.revised, done.written, done.unchanged) == (1, 1, 2)
    assert _names(tmp_path) == _WRITTEN


async def test_a_folder_holds_one_selection(stored: FakeServer, tmp_path: Path) -> None:
    """Another format, site or scope is refused, and nothing of what it does not see is taken for gone."""
    await _run(stored, tmp_path)
    for other in (
        Selection(ExportFormat.CSV),
        Selection(ExportFormat.JSONL, "lobby"),
        Selection(ExportFormat.JSONL, scope=("sites/lobby",)),
    ):
        with pytest.raises(InvalidArgument, match="another export") as refusal:
            await _run(stored, tmp_path, other)
        assert refusal.value.reason == "OTHER_EXPORT"
    assert _names(tmp_path) == _WRITTEN


async def test_one_site_alone_is_exported(stored: FakeServer, tmp_path: Path) -> None:
    """Other sites have no folder."""
    await _run(stored, tmp_path, Selection(ExportFormat.JSONL, "bar"))
    assert _names(tmp_path) == {_BAR: ["c"]}


async def test_open_days_are_left_out(stored: FakeServer, tmp_path: Path) -> None:
    """Days that are not closed are counted, and not asked for."""
    done = await _run(stored, tmp_path, days=20)
    assert (done.days, done.open_days) == (15, 5)
    assert stored.calls["ExportSightings"] == 15


async def test_a_bucket_has_the_same_files(stored: FakeServer, s3: Any, tmp_path: Path) -> None:
    """What is unchanged is not written again, what changed is, and the notes of the run are gone."""
    assert (await _run(stored, "s3://exports/a")).written == 4
    stored.sightings.store("late", "door", "", seconds=_MORNING + 60)
    done = await _run(stored, "s3://exports/a")
    assert (done.revised, done.unchanged) == (1, 3)
    keys = {each["Key"] for each in s3.list_objects_v2(Bucket="exports")["Contents"]}
    files = {f"a/{partition}/{name}" for partition in _WRITTEN for name in ("part-00000.jsonl", "_manifest.json")}
    assert keys == {"a/_export.json", *files}
    s3.download_file("exports", f"a/{_LOBBY}/part-00000.jsonl", str(tmp_path / "back.jsonl"))
    assert [row["sighting"] for row in rows_in(tmp_path / "back.jsonl")] == ["a", "late", "b"]


def test_the_scope_is_that_of_the_roles_that_export() -> None:
    """A role without limits lifts those of others; roles that export nothing do not count."""
    lobby = Grant(Role.READER, sites=("lobby",))
    desk = Grant(Role.OPERATOR, cameras=("cameras/desk",))
    assert scope_of(Caller("keys/a", (lobby, desk, Grant(Role.BRIDGE)))) == ("cameras/desk", "sites/lobby")
    assert scope_of(Caller("keys/a", (lobby, Grant(Role.ADMIN)))) == ()
