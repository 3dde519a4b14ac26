"""A small part of the attack on a live server, and what must hold before any image is decoded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.malformed import attack
from tests.fuzz.malformed_images import malformed_images
from tests.support.repository import ROOT

_MIB = 1024 * 1024


@pytest.mark.slow
async def test_malformed_images_trouble_nobody_else(tmp_path: Path) -> None:
    """Bombs, strangers and broken files are refused one by one, while the other camera's frames become durable."""
    figures = await attack(malformed_images(60), tmp_path, engine="scripted")
    assert figures.frames == 60
    assert figures.good_frames > 0
    assert sum(figures.rejected.values()) > 30
    # One photograph of 16 megapixels takes 134 MB in a PNG file of 16 bits; as many are decoded as processors.
    assert figures.memory_peak < figures.memory_before + 700 * _MIB


def test_nobody_imports_opencv_before_its_limits_are_set() -> None:
    """Server and bridge each have one module that imports OpenCV, after setting its limits."""
    importing = {
        str(path.relative_to(ROOT))
        for folder in ("server", "clients")
        for path in (ROOT / folder).rglob("*.py")
        if any(line.split()[:2] in (["import", "cv2"], ["from", "cv2"]) for line in path.read_text().splitlines())
    }
    assert importing == {"server/portero_server/vision/opencv.py", "clients/portero_bridge/images/opencv.py"}


@pytest.mark.parametrize("module", ["portero_server.vision.opencv", "portero_bridge.images.opencv"])
def test_more_pixels_than_the_limit_are_not_decoded(module: str) -> None:
    """In a process that has imported the module, a file that claims 65 megapixels is refused by OpenCV itself."""
    program = f"""
import {module}
from tests.support.images import jpegs
from portero_bridge.images.opencv import cv2, np
bomb = jpegs.with_frame_header(jpegs.picture(), width=8200, height=8200)
try:
    decoded = cv2.imdecode(np.frombuffer(bomb, np.uint8), cv2.IMREAD_COLOR)
except cv2.error:
    decoded = None
raise SystemExit(0 if decoded is None else 1)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
