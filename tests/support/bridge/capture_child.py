"""A capture process that gives one image and then hangs for ever, as a camera driver may; run as a script."""

import os
import signal
import sys
from datetime import UTC, datetime

from portero_bridge.sources.capture_record import RecordKind, pack

COMMAND = (sys.executable, __file__)
"""Starts it; its one image is its process number."""


def main() -> None:
    """Give one image, then nothing."""
    sys.stdin.readline()
    sys.stdout.buffer.write(pack(RecordKind.IMAGE, datetime.now(UTC), str(os.getpid()).encode()))
    sys.stdout.buffer.flush()
    signal.pause()


if __name__ == "__main__":
    main()
