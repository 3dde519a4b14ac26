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

from portero_bridge.errors import SourceFault
from portero_bridge.images.encoder import jpeg_size
from portero_bridge.sources.capture_process import CHILD, CaptureProcess
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
    """A camera that is not there is a fault, without its address."""
    source = CaptureProcess(job(str(tmp_path / "no-such-camera")))
    with pytest.raises(SourceFault, match=r"^the source could not be opened$"):
        await anext(source.images())


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
