"""How long the worst images that are taken keep a decoder busy: `python -m tests.fuzz.worst_decode`.

What bounds it: 5 MiB of bytes, 12 megapixels of a frame (16 of a photograph), 16 scans. Processor time, so that a
busy machine says the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from portero_server.domain.streams.frames import FrameLimits, FrameRefused
from portero_server.errors import InvalidInput
from portero_server.vision.jpeg import check_header, decode_color
from portero_server.vision.opencv import cv2
from portero_server.vision.photo import decode_photo
from tests.fuzz.malformed_images import bombs
from tests.support.images import jpegs

_LARGEST = FrameLimits().max_bytes


def candidates() -> Iterator[tuple[str, bytes]]:
    """Yields images that are as bad as the limits let them be, with what each is."""
    noise = np.random.default_rng(1).integers(0, 255, (3000, 4000, 3), dtype=np.uint8)
    for quality in (20, 40):
        for progressive in (0, 1):
            yield f"12 MP of noise, quality {quality}, progressive {progressive}", _encoded(noise, quality, progressive)
    yield "12 MP of noise, its largest scan repeated up to 5 MiB", _repeated(_encoded(noise, 20, 1))
    smooth = cv2.resize(noise[:300, :400], (4000, 3000)).astype(np.uint8)
    yield "12 MP, smooth, its scans repeated up to 16", _repeated(_encoded(smooth, 60, 1), 16)
    yield from ((f"bomb {number}", image) for number, image in enumerate(bombs()))


def main() -> None:
    """Prints a line an image, slowest first."""
    rows = [
        (seconds, f"{seconds:6.3f} s  {kind}  {len(image):8} bytes  {outcome}  {name}")
        for name, image in candidates()
        for kind, decode in (("frame", _frame), ("photo", _photo))
        for seconds, outcome in [_timed(decode, image)]
    ]
    for _, line in sorted(rows, reverse=True):
        print(line)


def _timed(decode: Callable[[bytes], None], image: bytes) -> tuple[float, str]:
    began = time.process_time()
    try:
        decode(image)
        outcome = "taken"
    except FrameRefused as refused:
        outcome = refused.reason.name
    except InvalidInput as refused:
        outcome = refused.reason
    return time.process_time() - began, outcome


def _frame(image: bytes) -> None:
    check_header(image, FrameLimits())
    decode_color(image)


def _photo(image: bytes) -> None:
    decode_photo(image, "image")


def _encoded(pixels: np.ndarray, quality: int, progressive: int) -> bytes:
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
    return bytes(cv2.imencode(".jpg", pixels, flags)[1].tobytes())


def _repeated(image: bytes, most: int = 16) -> bytes:
    """Repeats the largest scan while scans and bytes are within the limits."""
    starts = [at for at in range(len(image)) if image.startswith(b"\xff\xda", at)]
    ends = [*starts[1:], len(image) - len(jpegs.END)]
    largest = max((image[start:end] for start, end in zip(starts, ends, strict=True)), key=len)
    times = min(most - len(starts), (_LARGEST - len(image)) // len(largest))
    return image[: -len(jpegs.END)] + largest * times + jpegs.END


if __name__ == "__main__":
    main()
