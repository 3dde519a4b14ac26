"""OpenCV's capture in a process of its own."""

import asyncio
import json
import os
import subprocess
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies

from portero_bridge.errors import SourceFault
from portero_bridge.images.encoder import jpeg_size
from portero_bridge.sources.capture_process import CHILD, CaptureProcess, StartTurns
from portero_bridge.sources.capture_record import CaptureJob
from tests.support.bridge.capture_child import COMMAND
from tests.support.time.timeouts import PATIENCE


def job(target: str, read_timeout: float = PATIENCE) -> CaptureJob:
    """Returns a job for a target."""
    return CaptureJob(target, None, 64, 85, open_timeout=PATIENCE, read_timeout=read_timeout)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Returns a short video, which FFmpeg reads as it would read an RTSP stream."""
    path = tmp_path / "short.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (128, 96))
    for number in range(3):
        writer.write(np.full((96, 128, 3), number * 80, np.uint8))
    writer.release()
    return path


async def test_images_come_encoded_and_shrunk_until_the_source_ends(video: Path) -> None:
    """The child gives JPEG files of the wanted size, and says in words why there are no more."""
    images: list[bytes] = []

    async def take() -> None:
        async for captured in CaptureProcess(job(str(video))).images():
            assert isinstance(captured.image, bytes)
            images.append(captured.image)

    with pytest.raises(SourceFault, match=r"^the source ended$"):
        await take()
    # The newest picture replaces one that waits, so that not each of three need come.
    assert images
    assert jpeg_size(images[0]) == (64, 48)


async def test_source_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    """What was found out before is the reason, without the address."""

    async def ask() -> str:
        return "it offers video"

    source = CaptureProcess(job(str(tmp_path / "no-such-camera")), ask=ask)
    with pytest.raises(SourceFault, match=r"^it offers video$"):
        await anext(source.images())


async def test_no_process_is_started_for_a_source_that_says_no(tmp_path: Path) -> None:
    """A camera that is off is asked again and again, and costs no process a try."""
    started = tmp_path / "started"

    async def ask() -> str:
        raise SourceFault("it is off")

    source = CaptureProcess(job("camera"), ("touch", str(started)), ask)
    for _ in range(2):
        with pytest.raises(SourceFault, match=r"^it is off$"):
            await anext(source.images())
    assert not started.exists()


async def test_sources_that_fail_take_turns(tmp_path: Path) -> None:
    """The first child of each starts at once; after one in vain the next waits for its turn among all that failed."""
    claims: list[float] = []

    class Counted(StartTurns):
        def claim(self, now: float) -> float:
            claims.append(super().claim(now))
            return 0.0

    turns = Counted(apart=1000.0)
    sources = [CaptureProcess(job("camera"), ("true",), turns=turns) for _ in range(2)]
    for expected in (0, 2, 4):
        for source in sources:
            with pytest.raises(SourceFault, match="the capture process died"):
                await anext(source.images())
        assert len(claims) == expected
    assert claims == pytest.approx([0, 1000, 2000, 3000], abs=300)


@given(starts=strategies.lists(strategies.floats(0, 100), max_size=50))
def test_turns_are_apart_and_in_order(starts: list[float]) -> None:
    """However many ask, and when: each comes after the one before, and nobody waits without need."""
    turns, last = StartTurns(2.0), -2.0
    for now in sorted(starts):
        turn = now + turns.claim(now)
        assert turn == pytest.approx(max(now, last + 2.0))
        last = turn


async def test_hung_read_is_killed() -> None:
    """A child that gives nothing for the read timeout is killed, and a new one can be started."""
    source = CaptureProcess(job("camera", read_timeout=0.05), COMMAND)
    for _ in range(2):
        async with aclosing(source.images()) as images:
            first = (await anext(images)).image
            assert isinstance(first, bytes)
            with pytest.raises(SourceFault, match=r"no image for 0\.05 s"):
                await anext(images)
        with pytest.raises(ProcessLookupError):
            os.kill(int(first), 0)


async def test_child_is_gone_when_its_images_are_no_longer_wanted() -> None:
    """Closing the iterator ends the process."""
    async with aclosing(CaptureProcess(job("camera"), COMMAND).images()) as images:
        first = (await anext(images)).image
    assert isinstance(first, bytes)
    with pytest.raises(ProcessLookupError):
        os.kill(int(first), 0)


async def test_child_ends_with_its_bridge_even_in_a_hung_read(tmp_path: Path) -> None:
    """A bridge that was killed leaves no process behind, though the child's read never returns."""
    pipe = tmp_path / "camera"
    os.mkfifo(pipe)
    child = await asyncio.create_subprocess_exec(*CHILD, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert child.stdin is not None
    child.stdin.write(json.dumps(asdict(job(str(pipe)))).encode() + b"\n")
    child.stdin.close()
    async with asyncio.timeout(PATIENCE):
        assert await child.wait() == 0
