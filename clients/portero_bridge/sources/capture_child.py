"""The process that reads an RTSP stream or USB camera through OpenCV, started by `capture_process.py`."""

import json
import os
import sys
import threading
import time
from datetime import UTC, datetime
from typing import BinaryIO

from portero_bridge.images.encoder import Encoder
from portero_bridge.images.opencv import Pixels, cv2
from portero_bridge.images.sampler import Sampler
from portero_bridge.sources.capture_record import MAX_PAYLOAD, MAX_SIDE, CaptureJob, RecordKind, pack
from portero_bridge.sources.device_trouble import is_device, why_not_open
from portero_client.streaming.frames import ImageLimits

# Packets that arrive broken over UDP are not pictures.
_FFMPEG_OPTIONS = "rtsp_transport;{transport}|fflags;discardcorrupt"


class Outlet:
    """Holds the newest picture to send.

    A thread encodes and writes it, so that the capture never waits for the pipe.
    """

    def __init__(self, pipe: BinaryIO, encoder: Encoder) -> None:
        self._pipe = pipe
        self._encoder = encoder
        self._changed = threading.Condition()
        self._newest: tuple[datetime, Pixels] | None = None
        self._ended = False

    def put(self, pixels: Pixels, capture_time: datetime) -> None:
        """Replaces the waiting picture, if there is one."""
        with self._changed:
            self._newest = (capture_time, pixels)
            self._changed.notify()

    def end(self) -> None:
        """Makes `run` return after the waiting picture."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def run(self) -> None:
        """Writes pictures until the end."""
        while (newest := self._take()) is not None:
            capture_time, pixels = newest
            self.write(RecordKind.IMAGE, capture_time, self._encoder.encode(pixels))

    def write(self, kind: RecordKind, capture_time: datetime, payload: bytes) -> None:
        """Writes one record to the pipe."""
        self._pipe.write(pack(kind, capture_time, payload))
        self._pipe.flush()

    def _take(self) -> tuple[datetime, Pixels] | None:
        with self._changed:
            while self._newest is None and not self._ended:
                self._changed.wait()
            newest, self._newest = self._newest, None
            return newest


def capture(job: CaptureJob, outlet: Outlet) -> tuple[RecordKind, str]:
    """Reads pictures until there are none. Returns how it ended, and why."""
    local = is_device(job.target)
    source = cv2.VideoCapture(
        job.target,
        cv2.CAP_ANY,
        # Only FFmpeg knows timeouts; the bridge's own watchdog covers devices.
        []
        if local
        else [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(job.open_timeout * 1000)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(job.read_timeout * 1000)),
        ],
    )
    if not source.isOpened():
        return RecordKind.UNOPENED, why_not_open(job.target) if local else ""
    source.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    # Twice the wanted rate: the bridge's own sampler has the last word and needs a choice.
    sampler = Sampler(job.rate and 2 * job.rate)
    while source.grab():
        now = datetime.now(UTC)
        if not sampler.keep(time.monotonic()):
            continue
        taken, pixels = source.retrieve()
        if taken:
            outlet.put(pixels.astype("uint8", copy=False), now)
    return RecordKind.FAULT, "the source ended"


def main() -> None:
    """Reads the job from standard input, and writes records to standard output."""
    # A stray print of some library must not get between the records.
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = CaptureJob(**json.loads(sys.stdin.readline()))
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _FFMPEG_OPTIONS.format(transport=job.transport)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    outlet = Outlet(pipe, Encoder(job.max_side, job.quality, ImageLimits(MAX_PAYLOAD, MAX_SIDE, MAX_SIDE**2)))
    writer = threading.Thread(target=outlet.run)
    writer.start()
    kind, reason = capture(job, outlet)
    outlet.end()
    writer.join()
    outlet.write(kind, datetime.now(UTC), reason.encode())


def _end_with_parent() -> None:
    # Returns when the bridge is gone, however it went; the capture may hang in a read for ever.
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
