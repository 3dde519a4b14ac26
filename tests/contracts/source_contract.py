"""What every source of images must do: the real ones of the bridge, and the one that tests push pictures into.

Each source's test makes a subclass and gives it a `case`. Whoever finds that a fake and a real source differ adds the
difference here first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import psutil
import pytest

from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import CapturedImage, Source
from tests.support.time.timeouts import PATIENCE

SECRET = "hunter2"
"""In the address of a source that takes a password."""


async def nothing() -> None:
    """What a case does where a source needs no help."""


@dataclass(frozen=True, slots=True)
class SourceCase:
    """A source that has at least three images.

    Attributes:
        source: The source.
        broken: One of its kind whose camera or file is not there; None where that cannot be.
        show: Makes the next image come, where that needs somebody.
        stop: Makes the source end: the camera goes away, or there is no further image.
        connections: How often something was connected to so far.
        repeats: Whether another opening shows the same images from the beginning.
    """

    source: Source
    broken: Source | None = None
    show: Callable[[], Awaitable[None]] = nothing
    stop: Callable[[], Awaitable[None]] = nothing
    connections: Callable[[], int] = lambda: 0
    repeats: bool = False


async def _next(case: SourceCase, images: AsyncGenerator[CapturedImage, None]) -> CapturedImage:
    async with asyncio.timeout(PATIENCE):
        coming = asyncio.ensure_future(anext(images))
        await case.show()
        return await coming


async def _taken(case: SourceCase, count: int) -> list[CapturedImage]:
    async with aclosing(case.source.images()) as images:
        return [await _next(case, images) for _ in range(count)]


def _content(captured: CapturedImage) -> bytes:
    return captured.image if isinstance(captured.image, bytes) else captured.image.tobytes()


class SourceContract:
    """The tests. A subclass overrides `case`."""

    @pytest.fixture
    async def case(self) -> SourceCase:
        """Returns the case; a subclass overrides it."""
        raise NotImplementedError

    async def test_making_it_connects_to_nothing(self, case: SourceCase) -> None:
        """A source is opened when its images are asked for, not when it is made, nor by asking for the iterator."""
        images = case.source.images()
        assert case.connections() == 0
        await images.aclose()
        assert case.connections() == 0

    async def test_images_are_pictures_in_order_of_capture(self, case: SourceCase) -> None:
        """Each is a JPEG file or decoded pixels, with a capture time in UTC that is not before the last one's."""
        taken = await _taken(case, 3)
        for captured in taken:
            if isinstance(captured.image, bytes):
                assert captured.image.startswith(b"\xff\xd8")
            else:
                assert captured.image.dtype == np.uint8
                assert captured.image.ndim in (2, 3)
        times = [captured.capture_time for captured in taken]
        assert all(isinstance(moment, datetime) and moment.utcoffset() == UTC.utcoffset(None) for moment in times)
        assert times == sorted(times)

    async def test_no_image_is_lost_while_the_next_is_not_asked_for(self, case: SourceCase) -> None:
        """Whoever asks late gets the image that was next, if the source says that it waits."""
        if not case.source.waits:
            pytest.skip("this source does not wait")
        at_once = [_content(captured) for captured in await _taken(case, 3)]
        late = []
        async with aclosing(case.source.images()) as images:
            for _ in range(3):
                late.append(_content(await _next(case, images)))
                for _ in range(20):
                    await asyncio.sleep(0)
        if case.repeats:
            assert late == at_once
        else:
            assert len(set(late) | set(at_once)) == 6

    async def test_a_finite_source_ends_and_another_does_not_end_without_a_word(self, case: SourceCase) -> None:
        """After its last image a finite source just ends; for any other, the end is a fault to recover from."""
        async with aclosing(case.source.images()) as images:
            await _next(case, images)
            await case.stop()

            async def rest() -> None:
                async for _ in images:
                    pass

            async with asyncio.timeout(PATIENCE):
                if case.source.is_finite:
                    await rest()
                else:
                    with pytest.raises(SourceFault):
                        await rest()

    async def test_it_may_be_opened_again_and_time_goes_on(self, case: SourceCase) -> None:
        """The images of a second opening come, and were not captured before those of the first."""
        first = await _taken(case, 2)
        again = await _taken(case, 2)
        assert again[0].capture_time >= first[0].capture_time
        assert len(again) == 2

    async def test_closing_releases_everything(self, case: SourceCase) -> None:
        """No task and no process is left when the images are no longer wanted."""
        tasks, children = asyncio.all_tasks(), set(psutil.Process().children(recursive=True))
        await _taken(case, 1)
        left = asyncio.all_tasks() - tasks - _serving()
        if left:
            await asyncio.wait(left, timeout=PATIENCE)
        assert asyncio.all_tasks() - tasks - _serving() == set()
        assert set(psutil.Process().children(recursive=True)) <= children

    async def test_what_is_not_there_is_a_fault_without_its_password(self, case: SourceCase) -> None:
        """A camera that is off, or a file that is gone, is a SourceFault in one line, and may be tried again."""
        if case.broken is None:
            pytest.skip("this source cannot be missing")
        for _ in range(2):
            with pytest.raises(SourceFault) as caught:
                async with asyncio.timeout(PATIENCE):
                    await anext(case.broken.images())
            assert SECRET not in str(caught.value)
            assert "\n" not in str(caught.value)


def _serving() -> set[asyncio.Task[object]]:
    """Returns the tasks of cameras that serve in this process, which are not the source's."""
    return {task for task in asyncio.all_tasks() if "_serve" in getattr(task.get_coro(), "__qualname__", "")}
