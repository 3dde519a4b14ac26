"""Folders of images, in the order of their names. JPEG files pass through untouched."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from portero_bridge.errors import SourceFault
from portero_bridge.images.decoding import decode
from portero_bridge.images.opencv import Pixels
from portero_bridge.sources.base import CapturedImage, SourceKind, SourceOptions
from portero_bridge.sources.timeline import Timeline

# Images a second where the settings name no rate.
_DEFAULT_RATE = 1.0
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
_MAX_BYTES = 64 * 1024 * 1024


class FolderSource:
    """Plays a folder of images: at the wanted rate, or as fast as they are accepted."""

    is_finite = True

    def __init__(self, options: SourceOptions) -> None:
        self._path = Path(options.address)
        self._interval = 1 / (options.rate or _DEFAULT_RATE)
        self.waits = not options.realtime
        self._timeline = Timeline(options.clock, realtime=options.realtime)

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields the images that the folder contains now.

        Raises:
            SourceFault: The folder is gone or empty, or a file in it is not an image.
        """
        self._timeline.begin()
        for index, path in enumerate(await asyncio.to_thread(_list, self._path)):
            image = await asyncio.to_thread(_read, path)
            yield CapturedImage(image, await self._timeline.reach(index * self._interval))


def _list(folder: Path) -> list[Path]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    except OSError as error:
        raise SourceFault(f"the folder cannot be read: {error.strerror}") from error
    if not paths:
        raise SourceFault(f"the folder holds no image ({', '.join(sorted(_SUFFIXES))})")
    return paths


def _read(path: Path) -> bytes | Pixels:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SourceFault(f"{path.name} has more than {_MAX_BYTES} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise SourceFault(f"{path.name} cannot be read: {error.strerror}") from error
    if content.startswith(b"\xff\xd8"):
        return content
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


KIND = SourceKind("folder", _claims, FolderSource, is_recorded=True)
"""A folder of images."""
