"""Small pictures for tests of the bridge, no two alike."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from portero_client.streaming.frames import Frame

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def picture(number: int, width: int = 160, height: int = 120) -> bytes:
    """Returns a JPEG file that tells its number from every other."""
    pixels = np.full((height, width, 3), 90, np.uint8)
    cv2.putText(pixels, str(number), (8, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2)
    done, encoded = cv2.imencode(".jpg", pixels)
    assert done
    return encoded.tobytes()


def frame(sequence: int, size: int = 100) -> Frame:
    """Returns a frame whose content is its number and padding; one second apart."""
    content = f"frame {sequence} ".encode()
    return Frame(sequence, START + timedelta(seconds=sequence), content.ljust(size, b"."))
