"""A server is built part by part: nothing runs before it is told to, and everything is closed again."""

from __future__ import annotations

import asyncio
import inspect
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import CoroutineType
from typing import Any

import psutil
import pytest
import structlog
from pydantic import ValidationError

from portero_server.composition.build import built
from portero_server.composition.vault_commands import VaultKey
from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.people import FaceEnrollment, FaceModel
from portero_server.domain.people.photos import Rebuilding
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import EngineUnavailable, StartupProblem, StoreUnavailable
from portero_server.settings import Settings
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.vision.analyzer import VisionPool
from tests.support.images.patch_photos import ANA, photo
from tests.support.server.photo_vault import keeping


@pytest.fixture
def settings(migrated_file: Path, tmp_path: Path) -> Settings:
    """Settings of a small server."""
    file = tmp_path / "portero.db"
    shutil.copy(migrated_file, file)
    return Settings(
        engine="scripted",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        database_url=f"sqlite+aiosqlite:///{file}",
    )


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what was closed, in order."""
    names: list[str] = []
    for holder in (Database, ScriptedEngine, VisionPool):
        monkeypatch.setattr(holder, "aclose", _noting(holder, names))
    return names


def _noting(holder: type, names: list[str]) -> Callable[..., Any]:
    close = holder.aclose  # type: ignore[attr-defined]

    async def aclose(self: object) -> None:
        names.append(holder.__name__)
        await close(self)

    return aclose


def _outside() -> tuple[set[Any], set[int]]:
    """Returns the ports on which this process listens, and its child processes."""
    process = psutil.Process()
    ports = {each.laddr for each in process.net_connections() if each.status == psutil.CONN_LISTEN}
    return ports, {child.pid for child in process.children(recursive=True)}


def _failing(error: Exception) -> Callable[..., Any]:
    async def fail(*_: object, **__: object) -> None:
        raise error

    return fail


async def test_building_starts_nothing(settings: Settings) -> None:
    """No task runs, no port is open and no process was started once all parts exist."""
    tasks, outside = asyncio.all_tasks(), _outside()
    async with built(settings) as server:
        assert asyncio.all_tasks() == tasks
        runs = server.runs()
        assert asyncio.all_tasks() == tasks
        assert _outside() == outside
        assert all(inspect.getcoroutinestate(run) == inspect.CORO_CREATED for run in runs)
        # Each loop of the server is there once; sightings, check-ins and attendance are watched by one code.
        assert len({run.cr_code for run in runs if isinstance(run, CoroutineType)}) == len(runs) - 2 == 21
        for run in runs:
            run.close()


async def test_parts_are_closed_in_reverse_order(settings: Settings, closed: list[str]) -> None:
    """What was opened first is closed last, since the others may use it to the end."""
    async with built(settings):
        assert closed == []
    assert closed == ["VisionPool", "ScriptedEngine", "Database"]


@pytest.mark.parametrize(
    ("holder", "method", "error", "words"),
    [
        (ScriptedEngine, "check", EngineUnavailable("the engine is away"), "the engine is away"),
        (ScriptedEngine, "load", EngineUnavailable("no room"), "does not take the stored faces: no room"),
        (PeopleStore, "gallery_position", StoreUnavailable("no answer"), "does not answer (no answer)"),
    ],
)
async def test_a_part_that_fails_is_one_line_and_closes_the_others(
    settings: Settings,
    closed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    holder: type,
    method: str,
    error: Exception,
    words: str,
) -> None:
    """Whatever step fails, the start ends with one readable line, and what was open by then is closed."""
    monkeypatch.setattr(holder, method, _failing(error))
    with pytest.raises(StartupProblem) as caught:
        async with built(settings):
            raise AssertionError("it was built")
    assert words in caught.value.message
    assert "\n" not in caught.value.message
    assert closed == ["ScriptedEngine", "Database"]


async def test_attendance_is_kept_only_if_it_is_asked_for(settings: Settings) -> None:
    """With the setting two more loops run; without, changes that other servers decide can be watched."""
    for attendance, loops in ((False, 1), (True, 3)):
        async with built(settings.model_copy(update={"attendance": attendance})) as server:
            runs = server.attendance.runs()
            assert len(runs) == loops
            for run in runs:
                run.close()


async def test_attendance_needs_its_facts_for_two_days(settings: Settings) -> None:
    """Where strangers' sightings go after a day, nothing could be decided that holds."""
    update = {"attendance": True, "retention_strangers_days": 1}
    with pytest.raises(StartupProblem, match="PORTERO_ATTENDANCE needs"):
        async with built(settings.model_copy(update=update)):
            raise AssertionError("it was built")


async def test_liveness_sessions_need_an_engine_that_has_them(settings: Settings, closed: list[str]) -> None:
    """A server whose engine has no liveness sessions does not start with them on, and says what to do."""
    with pytest.raises(StartupProblem, match="PORTERO_CHECK_IN_LIVENESS needs PORTERO_ENGINE=rekognition"):
        async with built(settings.model_copy(update={"check_in_liveness": True})):
            raise AssertionError("it was built")
    assert closed == ["ScriptedEngine", "Database"]


async def test_strangers_are_known_again_only_where_faces_are_encoded(settings: Settings) -> None:
    """Otherwise the start ends with one line; by default nobody is, and visitors can be forgotten nevertheless."""
    async with built(settings) as server:
        assert server.visitors.visitors is None
        assert server.visitors.runs() == []
    with pytest.raises(StartupProblem, match="PORTERO_VISITORS is set, and the engine scripted encodes no faces"):
        async with built(settings.model_copy(update={"visitors": True})):
            pass


async def test_faces_of_another_model_are_told_at_the_start(settings: Settings) -> None:
    """Whoever was enrolled with another model is not compared, which the log says with numbers, and without names."""
    face = FaceEnrollment(
        face_id="f1",
        person_id="ana",
        box=Box(0.1, 0.1, 0.5, 0.5),
        quality=FaceQuality(1, 1, 1, 1),
        engine="scripted",
        model_version="colors-v0",
        embedding=b"",
        external_id=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    with structlog.testing.capture_logs() as before:
        async with built(settings) as server:
            await server.stores.people.create("ana", "Ana", {})
            await server.stores.people.add_face(face)
    with structlog.testing.capture_logs() as after:
        async with built(settings) as server:
            assert server.gallery.model() == FaceModel("scripted", "colors-v1")
    assert not [line for line in before if line["event"] == "faces_of_other_models"]
    [told] = [line for line in after if line["event"] == "faces_of_other_models"]
    assert (told["faces"], told["models"]) == (1, {"scripted colors-v0": 1})
    assert "enroll" in told["advice"]


async def test_a_vault_keeps_what_a_built_server_enrolls(settings: Settings, tmp_path: Path) -> None:
    """With folder and key file the photo of somebody who agreed is kept; a key that others may read ends the start."""
    key = tmp_path / "vault.key"
    await VaultKey(key)(settings)
    kept = settings.model_copy(update={"photo_vault": str(tmp_path / "photos"), "photo_vault_key_file": key})
    async with built(kept) as server:
        await server.gallery.gallery.create("ana", "Ana", {})
        await server.stores.consents.record(keeping("ana", server.context.clock))
        await server.gallery.gallery.enroll("ana", photo(ANA))
        [done], _ = await server.gallery.rebuild.page(10, None, dry_run=True)
        assert done.outcome is Rebuilding.KNOWN
        assert len(list((tmp_path / "photos").glob("*/*"))) == 1
    with structlog.testing.capture_logs() as told:
        async with built(settings) as server:
            assert server.gallery.vault is None
    assert [line["photos"] for line in told if line["event"] == "vault_not_set"] == [1]
    key.chmod(0o644)
    with pytest.raises(StartupProblem, match="chmod 600"):
        async with built(kept):
            pass


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        ("/srv/photos", None),
        ("s3://portero-photos", ("portero-photos", "")),
        ("s3://portero-photos/a/b/", ("portero-photos", "a/b/")),
    ],
)
def test_a_vault_is_a_folder_or_a_bucket(address: str, bucket: tuple[str, str] | None) -> None:
    """The setting names either, with its prefix, and never one without a key."""
    settings = Settings(photo_vault=address, photo_vault_key_file=Path("/k"))
    assert settings.photo_bucket == bucket
    with pytest.raises(ValidationError, match="set together"):
        Settings(photo_vault=address)
    for wrong in ("photos", "s3://", "gs://photos", "s3://Photos"):
        with pytest.raises(ValidationError, match="whole path"):
            Settings(photo_vault=wrong, photo_vault_key_file=Path("/k"))
