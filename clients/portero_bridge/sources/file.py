"""Video files, decoded by OpenCV, with the timestamps from the file."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from portero_bridge.errors import SourceFault
from portero_bridge.images.opencv import Pixels, cv2
from portero_bridge.sources.base import CapturedImage, SourceKind, SourceOptions
from portero_bridge.sources.timeline import Timeline

# Frames a second of a file that does not tell.
_DEFAULT_RATE = 25.0


class FileSource:
    """Plays a video file: in real time, or as fast as its frames are accepted."""

    is_finite = True

    def __init__(self, options: SourceOptions) -> None:
        self._path = Path(options.address)
        self.waits = not options.realtime
        self._timeline = Timeline(options.clock, realtime=options.realtime)

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields the frames from the beginning to the end.

        Raises:
            SourceFault: The file is gone or holds no video.
        """
        loop = asyncio.get_running_loop()
        # A thread of its own: a file behind a dead network share holds up no other camera.
        thread = ThreadPoolExecutor(1, thread_name_prefix="video-file")
        try:
            video = await loop.run_in_executor(thread, _Video, self._path)
            self._timeline.begin()
            while (frame := await loop.run_in_executor(thread, video.read)) is not None:
                offset, pixels = frame
                yield CapturedImage(pixels, await self._timeline.reach(offset))
        finally:
            thread.shutdown(wait=False)


class _Video:
    """An open video file.

    Raises:
        SourceFault: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise SourceFault(f"{path.name} is gone, or no video that can be decoded here")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._interval = 1 / (rate if 0 < rate < 1000 else _DEFAULT_RATE)
        self._last = -self._interval

    def read(self) -> tuple[float, Pixels] | None:
        """Returns the next frame that can be decoded and its seconds from the beginning, or None at the end."""
        while self._capture.grab():
            offset = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            # Some files have no timestamps, or broken ones: then the nominal rate counts.
            self._last = offset if offset > self._last else self._last + self._interval
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


KIND = SourceKind("file", _claims, FileSource, is_recorded=True)
"""A video file."""
