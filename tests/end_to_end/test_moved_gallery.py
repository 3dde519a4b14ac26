"""A gallery of the local engine, exported on one machine and imported on another one, with another database and key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from portero_client import ConnectionSettings, Face, Person, PorteroClient
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images import portraits
from tests.support.processes.cut_import import finished, started
from tests.support.processes.server_process import ended_server, running_server
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow


def _jpeg(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels)[1])


def _searches() -> list[bytes]:
    """Returns photos of each, of both, and of somebody in bad light."""
    dim = np.asarray(cv2.convertScaleAbs(portraits.collins(), alpha=0.55, beta=5), dtype=np.uint8)
    pictures: Sequence[Pixels] = (
        portraits.another(portraits.hopper()),
        portraits.both(),
        portraits.another(portraits.both()),
        dim,
    )
    return [_jpeg(each) for each in pictures]


async def _answers(address: str) -> list[tuple[Face, ...]]:
    async with PorteroClient(ConnectionSettings(address, timeout=PATIENCE)) as client:
        return [await client.images.search(photo, max_candidates=5) for photo in _searches()]


async def _enroll(address: str) -> None:
    """Enrolls Collins with two photos, which she lets be kept, and Hopper with one."""
    hopper, collins = portraits.hopper(), portraits.collins()
    async with PorteroClient(ConnectionSettings(address, timeout=PATIENCE)) as client:
        await client.people.create("Eileen Collins", person_id="collins", labels={"room": "12"})
        await client.privacy.record_consent("collins", purpose="keep-photos", text_version="2026-01", channel="paper")
        await client.people.create("Grace Hopper", person_id="hopper")
        for person, photo in (("collins", collins), ("collins", portraits.another(collins)), ("hopper", hopper)):
            await client.people.enroll(person, _jpeg(photo))


async def _people(address: str) -> list[tuple[str, str, dict[str, str], int]]:
    def told(person: Person) -> tuple[str, str, dict[str, str], int]:
        return person.name, person.display_name, dict(person.labels), person.face_count

    async with PorteroClient(ConnectionSettings(address, timeout=PATIENCE)) as client:
        return [told(person) async for person in client.people.list()]


async def _vault(folder: Path) -> dict[str, str]:
    """Makes a data folder with a vault and a key of its own, and returns its settings."""
    await asyncio.to_thread(folder.mkdir)
    assert (await ended_server("vault key photos.key", folder))[0] == 0
    return {"photo_vault": str(folder / "photos"), "photo_vault_key_file": str(folder / "photos.key")}


async def test_another_machine_answers_the_same_searches_alike(tmp_path: Path, mariadb: MariaDB) -> None:
    """The same names, similarities and candidates, to the last digit, with faces that it has never seen a photo of."""
    old, new = tmp_path / "old", tmp_path / "new"
    vault = await _vault(old)
    async with running_server(old, engine="local", **vault) as server, asyncio.timeout(PATIENCE):
        await _enroll(server.address)
        before, people = await _answers(server.address), await _people(server.address)
        code, _ = await finished(await started(server.address, "gallery", "export", tmp_path / "gallery"))
        assert (code, await server.stop()) == (0, 0)
    named = {face.match.person for faces in before for face in faces if face.match is not None}
    assert named == {"people/collins", "people/hopper"}
    url, vault = mariadb.create_schema("moved_local"), await _vault(new)
    assert (old / "photos.key").read_bytes() != (new / "photos.key").read_bytes()
    assert (await ended_server("migrate", new, database_url=url))[0] == 0
    async with (
        running_server(new, engine="local", database_url=url, **vault) as server,
        asyncio.timeout(PATIENCE),
    ):
        assert all(face.match is None for faces in await _answers(server.address) for face in faces)
        code, document = await finished(await started(server.address, "gallery", "import", tmp_path / "gallery"))
        assert (code, document["imported"]["added_faces"]) == (0, 3)
        assert await _answers(server.address) == before
        assert await _people(server.address) == people
        assert await server.stop() == 0
    # What the import brought is in the database, and not only in the engine that took it.
    async with (
        running_server(new, engine="local", database_url=url, **vault) as server,
        asyncio.timeout(PATIENCE),
    ):
        assert await _answers(server.address) == before
        assert await server.stop() == 0
