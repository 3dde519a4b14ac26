"""A real server with the local engine keeps pictures of doubtful and unknown faces, and shows them to who reviews."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from portero_client import ConnectionSettings, FailedPrecondition, NotFound, PorteroClient, QueuedSighting, ReviewReason
from portero_client.streaming.frames import DeliveryMode
from portero_server.vision.jpeg import decode_color, encode_jpeg
from portero_server.vision.pixels import Pixels
from tests.support.images import portraits
from tests.support.images.patch_photos import ANA
from tests.support.processes.server_process import printed_by, running_server
from tests.support.time.timeouts import PATIENCE

_BEGINS = datetime.now(UTC) - timedelta(minutes=10)
_RATE = 5


def _walk(portrait: Pixels, scale: float) -> list[bytes]:
    """Returns the frames of somebody who comes, stays for three seconds and goes."""
    empty = encode_jpeg(np.full((360, 640, 3), 90, np.uint8))
    there = [
        encode_jpeg(portraits.frame_with(portrait, scale, left=150 + 3 * (number % 4), top=20))
        for number in range(3 * _RATE)
    ]
    return [empty, empty, *there, *[empty] * 3 * _RATE]


async def _shown(client: PorteroClient, camera: str, frames: Sequence[bytes]) -> None:
    async with client.stream(camera, mode=DeliveryMode.LOSSLESS) as stream:
        for number, frame in enumerate(frames):
            await stream.send(frame, _BEGINS + timedelta(seconds=number / _RATE))


async def _queue(client: PorteroClient, size: int, pictures: int) -> dict[ReviewReason, QueuedSighting]:
    """Waits until so many sightings are queued, and so many of them have a picture."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = [each async for each in client.reviews.queue()]
            if len(found) == size and sum(each.has_picture for each in found) == pictures:
                return {each.reason: each for each in found}
            await asyncio.sleep(0.2)


async def _setting(client: PorteroClient, frames: Sequence[bytes]) -> None:
    """Enrolls Eileen, and has the camera ask for nearly as much as her face there has, so that her name is doubtful."""
    await client.people.create("Eileen", person_id="eileen")
    await client.people.enroll("eileen", encode_jpeg(portraits.collins()))
    (found, *_) = (await client.images.recognize(frames[len(frames) // 3], max_candidates=1)).faces
    threshold = (found.candidates[0].similarity - 0.1) / 0.9
    await client.cameras.create("door", display_name="Door", site="shop", similarity_threshold=threshold)
    await client.cameras.create("safe", display_name="Safe", site="bank")


def _sealed(folder: Path) -> list[bytes]:
    with closing(sqlite3.connect(folder / "portero.db")) as connection:
        return [bytes(row[0]) for row in connection.execute("SELECT sealed FROM review_pictures")]


@pytest.mark.slow
async def test_pictures_are_kept_shown_and_erased(tmp_path: Path) -> None:
    """Of a doubtful name and of a stranger, but not at a site that forbids it; a restart loses none."""
    key = tmp_path / "pictures.key"
    await printed_by(f"vault key {key}", tmp_path)
    keys = {"engine": "local", "review_pictures_key_file": str(key)}
    doubtful, stranger = _walk(portraits.another(portraits.collins()), 0.7), _walk(portraits.hopper(), 0.5)
    async with (
        running_server(tmp_path, review_pictures="true", review_pictures_forbidden_sites="bank", **keys) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        await _setting(client, doubtful)
        for camera, frames in (("door", doubtful), ("safe", stranger)):
            await _shown(client, camera, frames)
        await _shown(client, "door", stranger)
        await _queue(client, 3, 2)
        queue = [each async for each in client.reviews.queue(camera="door")]
        assert len(queue) == 2
        for each in queue:
            picture = await client.reviews.picture(each.sighting.name)
            pixels = decode_color(picture.jpeg)
            assert 64 <= max(pixels.shape[:2]) <= 320
            assert each.sighting.first_seen_time <= picture.capture_time <= each.sighting.last_seen_time
        assert [each[:3] for each in _sealed(tmp_path)] == [b"PR1"] * 2
        (safe,) = [each async for each in client.reviews.queue(camera="safe")]
        with pytest.raises(NotFound):
            await client.reviews.picture(safe.sighting.name)

        await client.privacy.erase("eileen")
        left = [each async for each in client.reviews.queue(camera="door") if each.has_picture]
        (unknown,) = left
        assert len(_sealed(tmp_path)) == 1
    # Not set any more: nothing is taken, and what is there is shown until it has expired.
    async with (
        running_server(tmp_path, **keys) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        assert (await client.reviews.picture(unknown.sighting.name)).jpeg.startswith(b"\xff\xd8")
        await client.reviews.ignore(unknown.sighting.name)
        assert _sealed(tmp_path) == []


def _patch(number: int, *, there: bool) -> bytes:
    """Returns a dark picture, no two of them alike, with a stranger's patch in it or without."""
    pixels = np.full((240, 320, 3), 20 + number % 2, np.uint8)
    if there:
        left = 40 + number % 8
        pixels[60:160, left : left + 100] = ANA
    return encode_jpeg(pixels, 95)


def _visit(seconds: float, *, stays: bool = False) -> list[tuple[bytes, datetime]]:
    """Returns frames of a stranger who stays for four seconds, and unless `stays` goes."""
    numbers = range(4 * _RATE if stays else 12 * _RATE)
    begins = _BEGINS + timedelta(seconds=seconds)
    return [
        (_patch(number, there=number < 4 * _RATE), begins + timedelta(seconds=number / _RATE)) for number in numbers
    ]


async def test_without_the_setting_nothing_is_written(tmp_path: Path) -> None:
    """The queue is as ever, and a picture is refused with the setting that it takes."""
    async with (
        running_server(tmp_path, engine="scripted") as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        async with client.stream("door", mode=DeliveryMode.LOSSLESS) as stream:
            for frame, moment in _visit(0):
                await stream.send(frame, moment)
        queue = await _queue(client, 1, 0)
        with pytest.raises(FailedPrecondition, match="PORTERO_REVIEW_PICTURES_KEY_FILE"):
            await client.reviews.picture(queue[ReviewReason.UNKNOWN].sighting.name)
        assert _sealed(tmp_path) == []


async def test_a_server_that_is_killed_loses_the_picture_of_who_is_there_and_nothing_else(tmp_path: Path) -> None:
    """The sighting is stored, and has no picture; that of the next one is as it should be."""
    key = tmp_path / "pictures.key"
    await printed_by(f"vault key {key}", tmp_path)
    settings = {"engine": "scripted", "review_pictures": "true", "review_pictures_key_file": str(key)}
    async with (
        running_server(tmp_path, **settings) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        sending = asyncio.create_task(_stay(client))
        await _queue(client, 1, 0)
        server.process.kill()
        sending.cancel()
        await asyncio.wait([sending])
    async with (
        running_server(tmp_path, **settings) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        async with client.stream("door", mode=DeliveryMode.LOSSLESS) as stream:
            for frame, moment in _visit(120):
                await stream.send(frame, moment)
        await _queue(client, 2, 1)
        latest, before = [each async for each in client.reviews.queue()]
        assert (latest.has_picture, before.has_picture) == (True, False)
        assert (await client.reviews.picture(latest.sighting.name)).jpeg.startswith(b"\xff\xd8")


async def _stay(client: PorteroClient) -> None:
    async with client.stream("door", mode=DeliveryMode.LOSSLESS) as stream:
        for frame, moment in _visit(0, stays=True):
            await stream.send(frame, moment)
        await asyncio.Event().wait()
