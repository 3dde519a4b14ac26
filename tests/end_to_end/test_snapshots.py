"""A real server keeps snapshots of who is seen in a folder, shows them, and deletes them with whoever is erased."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from portero_client import (
    Box,
    ConnectionSettings,
    FailedPrecondition,
    NotFound,
    PorteroClient,
    Sighting,
    Snapshot,
    SnapshotKind,
)
from portero_client.streaming.frames import DeliveryMode
from portero_server.vision.jpeg import decode_color, encode_jpeg
from tests.support.images.patch_photos import ANA, photo
from tests.support.processes.server_process import running_server
from tests.support.time.timeouts import PATIENCE

_BEGINS = datetime.now(UTC) - timedelta(minutes=10)
_RATE = 5
_ZONE = Box(0.8, 0.0, 0.2, 1.0)


def _frame(number: int, *, there: bool) -> bytes:
    """Returns a dark picture, no two of them alike, with a white wall in the zone, and Ana's patch or nobody."""
    pixels = np.full((240, 320, 3), 20 + number % 2, np.uint8)
    pixels[:, 256:] = 255
    if there:
        left = 40 + number % 8
        pixels[60:160, left : left + 100] = ANA
    return encode_jpeg(pixels, 95)


async def _visit(client: PorteroClient, camera: str, seconds: float) -> None:
    async with client.stream(camera, mode=DeliveryMode.LOSSLESS) as stream:
        for number in range(8 * _RATE):
            moment = _BEGINS + timedelta(seconds=seconds + number / _RATE)
            await stream.send(_frame(number, there=number < 4 * _RATE), moment)


async def _seen(client: PorteroClient, camera: str) -> Sighting:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = [each async for each in client.sightings.list(camera=camera)]
            if found:
                return found[0]
            await asyncio.sleep(0.1)


async def _snapshot(client: PorteroClient, sighting: Sighting, kind: SnapshotKind) -> Snapshot:
    """Waits until there is one, which takes a moment after the sighting."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await client.snapshots.get(sighting.name, kind)
            except NotFound:
                await asyncio.sleep(0.1)


def _files(folder: Path) -> list[Path]:
    return list(folder.glob("*/*"))


async def test_snapshots_are_kept_shown_and_erased(tmp_path: Path) -> None:
    """Where the site has them and the zone is black; a server that is started anew goes on with them."""
    folder = tmp_path / "pictures"
    settings = {
        "engine": "scripted",
        "snapshots": str(folder),
        "snapshot_sites": "shop",
        "snapshot_context": "true",
        "snapshot_sweep_interval": "1",
    }
    async with (
        running_server(tmp_path, **settings) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        await client.people.create("Ana", person_id="ana")
        await client.people.enroll("ana", photo(ANA))
        for camera, site in (("door", "shop"), ("vault", "bank")):
            made = await client.cameras.create(camera, display_name=camera, site=site)
            await client.cameras.update(replace(made, privacy_zones=(_ZONE,)))
            await _visit(client, camera, 0)
        seen, elsewhere = await _seen(client, "door"), await _seen(client, "vault")
        assert (seen.person, elsewhere.person) == ("people/ana", "people/ana")
        frame = await _snapshot(client, seen, SnapshotKind.CONTEXT)
        face = await _snapshot(client, seen, SnapshotKind.FACE)
        pixels = decode_color(frame.jpeg)
        assert pixels.shape == (240, 320, 3)
        assert (pixels[:, 256:].max() <= 2, decode_color(face.jpeg).max() > 100) == (True, True)
        assert seen.first_seen_time <= face.capture_time <= seen.last_seen_time
        with pytest.raises(NotFound):
            await client.snapshots.get(elsewhere.name)
        with pytest.raises(FailedPrecondition, match="PORTERO_SNAPSHOTS=s3://"):
            await client.snapshots.link(seen.name)
        check = await client.snapshots.check()
        assert (check.enabled, check.writable) == (True, True)
        server.process.kill()
    async with (
        running_server(tmp_path, **settings) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        assert (await client.snapshots.get(seen.name)).jpeg == face.jpeg
        receipt = await client.privacy.erase("ana")
        # Better shots have replaced earlier ones, which may be counted as well.
        assert receipt.removed["snapshots"] >= 2
        assert (receipt.finish_time is not None, _files(folder)) == (True, [])
        with pytest.raises(NotFound):
            await client.snapshots.get(seen.name)
        assert (await client.privacy.verify_erasure("ana")).clean


async def test_without_the_setting_nothing_is_written(tmp_path: Path) -> None:
    """A snapshot is refused with the setting that it takes."""
    async with (
        running_server(tmp_path, engine="scripted") as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        await _visit(client, "door", 0)
        seen = await _seen(client, "door")
        with pytest.raises(FailedPrecondition, match="PORTERO_SNAPSHOTS"):
            await client.snapshots.get(seen.name)
        assert not (await client.snapshots.check()).enabled
