"""Video files, decoded by OpenCV, with the timestamps from the file and the time at which it was recorded."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from portero_bridge.errors import SourceFault
from portero_bridge.images.opencv import Pixels, cv2
from portero_bridge.sources.base import CapturedImage, SourceKind, SourceOptions
from portero_bridge.sources.overlap import begin_after
from portero_bridge.sources.recorded_time import given_start, start_of_video
from portero_bridge.sources.timeline import Timeline

# Frames a second of a file that does not tell.
_DEFAULT_RATE = 25.0
# A year at 30 frames a second: what claims more is a broken header.
_MOST_FRAMES = 946_080_000


class FileSource:
    """Plays a video file: in real time, or as fast as its frames are accepted."""

    is_finite = True

    def __init__(self, options: SourceOptions) -> None:
        # As an absolute path, because FFmpeg takes what stands before a colon for a protocol.
        self._path = Path(options.address).absolute()
        self._options = options
        self.waits = not options.realtime
        self._timeline = Timeline(options.clock, realtime=options.realtime)

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields the frames from the beginning to the end.

        Raises:
            SourceFault: The file is gone or holds no video, or would end in the future, or was
                taken when the camera sent other pictures.
        """
        options = self._options
        loop = asyncio.get_running_loop()
        # A thread of its own: a file behind a dead network share holds up no other camera.
        thread = ThreadPoolExecutor(1, thread_name_prefix="video-file")
        try:
            video = await loop.run_in_executor(thread, _Video, self._path, options.recorded_rate)
            if options.is_dated:
                now = options.clock.now()
                start = given_start(options.start, video.length, now)
                if start is None:
                    start = await loop.run_in_executor(thread, start_of_video, self._path, video.length, now)
                    start = begin_after(start, video.length, await options.earlier(start.time, video.length))
                options.dated(start.time, start.by)
                self._timeline.begin(start.time)
            else:
                self._timeline.begin()
            while (frame := await loop.run_in_executor(thread, video.read)) is not None:
                offset, pixels = frame
                yield CapturedImage(pixels, await self._timeline.reach(offset))
        finally:
            thread.shutdown(wait=False)


class _Video:
    """An open video file.

    Args:
        path: The file.
        rate: Frames a second, whatever the file says; None: what it says.

    Attributes:
        length: How long it plays, as far as the file tells.

    Raises:
        SourceFault: It cannot be opened.
    """

    def __init__(self, path: Path, rate: float | None) -> None:
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise SourceFault(f"{path.name} is gone, or no video that can be decoded here")
        self._is_timed = rate is None
        told = rate or self._capture.get(cv2.CAP_PROP_FPS)
        self._interval = 1 / (told if 0 < told < 1000 else _DEFAULT_RATE)
        frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.length = timedelta(seconds=self._interval * max(0.0, min(frames, _MOST_FRAMES)))
        self._last = -self._interval

    def read(self) -> tuple[float, Pixels] | None:
        """Returns the next frame that can be decoded and its seconds from the beginning, or None at the end."""
        while self._capture.grab():
            offset = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            # Some files have no timestamps, or broken ones: then the nominal rate counts.
            self._last = offset if self._is_timed and offset > self._last else self._last + self._interval
            decoded, pixels = self._capture.retrieve()
            if decoded:
                return self._last, pixels.astype("uint8", copy=False)
        return None


def _claims(address: str) -> bool:
    try:
        return Path(address).is_file()
    except OSError:
        # Too long for a name, or behind a folder that is closed to us.
        return False


KIND = SourceKind("file", _claims, FileSource, is_recorded=True, keeps_time=True)
"""A video file."""
