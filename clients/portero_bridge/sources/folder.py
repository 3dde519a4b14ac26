"""Folders of images, in the natural order of their names. JPEG files pass through untouched."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from pathlib import Path

from portero_bridge.errors import SourceFault
from portero_bridge.images.decoding import decode
from portero_bridge.images.opencv import Pixels
from portero_bridge.sources.base import CapturedImage, SourceKind, SourceOptions
from portero_bridge.sources.folder_times import times_of_folder
from portero_bridge.sources.overlap import begin_after
from portero_bridge.sources.recorded_time import given_start
from portero_bridge.sources.timeline import Timeline
from portero_client.file_names import is_clutter, natural_order
from portero_client.jpeg_file import trim_jpeg

# Images a second where the settings name no rate.
_DEFAULT_RATE = 1.0
# HEIC files are listed, so that they are named and not passed over in silence.
_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif"})
_MAX_BYTES = 64 * 1024 * 1024


class FolderSource:
    """Plays a folder of images: at the wanted rate, or as fast as they are accepted.

    Its images keep the times at which they were taken, unless they are to come in real time.
    A file that cannot be used is told to `SourceOptions.skipped`, and the next one follows at once.
    """

    is_finite = True

    def __init__(self, options: SourceOptions) -> None:
        self._path = Path(options.address)
        self._options = options
        self.waits = not options.realtime
        self._timeline = Timeline(options.clock, realtime=options.realtime)

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields the images that the folder contains now.

        Raises:
            SourceFault: The folder is gone or holds no image that can be used, or would end in the future,
                or was taken when the camera sent other pictures.
        """
        taken = 0
        for path, offset in await self._plan(await asyncio.to_thread(_list, self._path)):
            try:
                image = await asyncio.to_thread(_read, path)
            except SourceFault as fault:
                self._options.skipped(fault.message)
                continue
            taken += 1
            yield CapturedImage(image, await self._timeline.reach(offset))
        if not taken:
            raise SourceFault("the folder holds no image that can be used")

    async def _plan(self, paths: list[Path]) -> Sequence[tuple[Path, float]]:
        """Returns the images in order, each with its seconds from the beginning."""
        options = self._options
        default_rate = options.rate or _DEFAULT_RATE
        if not options.is_dated:
            self._timeline.begin()
            interval = 1 / (options.recorded_rate or default_rate)
            return [(path, index * interval) for index, path in enumerate(paths)]
        now = options.clock.now()
        found = await asyncio.to_thread(times_of_folder, paths, options.recorded_rate, default_rate, now)
        length = timedelta(seconds=found.images[-1][1])
        start = given_start(options.start, length, now)
        if start is None:
            start = begin_after(found.start, length, await options.earlier(found.start.time, length))
        options.dated(start.time, start.by)
        self._timeline.begin(start.time)
        return found.images


def _list(folder: Path) -> list[Path]:
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and not is_clutter(path)]
    except OSError as error:
        raise SourceFault(f"the folder cannot be read: {error.strerror}") from error
    if not paths:
        raise SourceFault(f"the folder holds no image ({', '.join(sorted(_SUFFIXES))})")
    return sorted(paths, key=natural_order)


def _read(path: Path) -> bytes | Pixels:
    """Returns an image. Raises SourceFault with the file's name if it cannot be used."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SourceFault(f"{path.name} has more than {_MAX_BYTES} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise SourceFault(f"{path.name} cannot be read: {error.strerror}") from error
    jpeg = trim_jpeg(content).file
    if jpeg.startswith(b"\xff\xd8"):
        return jpeg
    if content[4:8] == b"ftyp":
        raise SourceFault(f"{path.name} is a HEIC or AVIF file; save it as JPEG")
    pixels = decode(content)
    if pixels is None:
        raise SourceFault(f"{path.name} is not an image that can be decoded here")
    return pixels


def _claims(address: str) -> bool:
    try:
        return Path(address).is_dir()
    except OSError:
        # Too long for a name, or behind a folder that is closed to us.
        return False


KIND = SourceKind("folder", _claims, FolderSource, is_recorded=True, keeps_time=True)
"""A folder of images."""
