"""What a snapshot shows, pixel by pixel: nothing of a privacy zone, and no other face."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from portero_server.clock import SystemClock
from portero_server.domain.detection.geometry import Box
from portero_server.domain.gate.cadence import Due
from portero_server.domain.recording.review_pictures import PictureRank
from portero_server.domain.recording.snapshots import SnapshotKind
from portero_server.domain.streams.frames import Frame
from portero_server.engines.scripted import PatchDetector
from portero_server.vision.analysis import FrameAnalysis
from portero_server.vision.analyzer import CameraAnalyzer
from portero_server.vision.crops import crop_face
from portero_server.vision.jpeg import decode_color
from portero_server.vision.pixels import Pixels
from portero_server.vision.snapshots import Scene, SnapshotForm, snapshots_of
from tests.support.images.exif import oriented
from tests.support.time.frame_times import time_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FACE = Box(0.4, 0.3, 0.15, 0.25)
ZONES = (Box(0.137, 0.211, 0.183, 0.317), Box(0.61, 0.4, 0.2, 0.333), Box(0.9, 0.0, 0.1, 1.0))
WHOLE_SIZE = SnapshotForm(context=True, quality=95, face_side=1280, context_side=1920)
SMALL = SnapshotForm(context=True, quality=40, face_side=97, context_side=211)
BLACK = 2
"""What a decoder's rounding makes of black, of 255."""


def _noise(seed: int, width: int = 640, height: int = 480) -> Pixels:
    return np.random.default_rng(seed).integers(60, 255, (height, width, 3), dtype=np.uint8)


def _scene(pixels: Pixels, zones: tuple[Box, ...] = ZONES, face: Box = FACE, others: tuple[Box, ...] = ()) -> Scene:
    return Scene(pixels, face, others, zones, "door", NOON, PictureRank(0.0, 0.5))


def _inside(pixels: Pixels, zone: Box) -> Pixels:
    """Returns the pixels that a zone touches, none if it lies outside."""
    height, width = pixels.shape[:2]
    clipped = zone.clipped()
    if clipped.area <= 0:
        return pixels[:0]
    left, top, right, bottom = clipped.to_pixels(width, height)
    return pixels[top:bottom, left:right]


@pytest.mark.parametrize("form", [WHOLE_SIZE, SMALL])
@pytest.mark.parametrize("seed", range(4))
def test_zones_are_black_in_every_snapshot(form: SnapshotForm, seed: int) -> None:
    """To their last pixel, at any size and compression, also beside the face, whatever the frame has there."""
    pixels = _noise(seed)
    made = snapshots_of(_scene(pixels), form)
    assert set(made) == {SnapshotKind.FACE, SnapshotKind.CONTEXT}
    whole = decode_color(made[SnapshotKind.CONTEXT])
    for zone in ZONES:
        assert _inside(whole, zone).size
        assert _inside(whole, zone).max() <= BLACK
    face, region = decode_color(made[SnapshotKind.FACE]), crop_face(pixels, FACE).region
    near = [_inside(face, zone.relative_to(region)) for zone in ZONES]
    assert [each.size > 0 for each in near] == [True, True, False]
    assert max(each.max() for each in near if each.size) <= BLACK
    # Neither is black altogether.
    assert (whole.mean() > 40, face.mean() > 40) == (True, True)
    assert np.array_equal(pixels, _noise(seed)), "the frame belongs to others, too"


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("sampling", [cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444])
async def test_not_a_byte_tells_what_was_in_a_zone(orientation: int, sampling: int) -> None:
    """Two files of a camera that differ in a zone alone, whose blocks reach over its edge, give the same snapshots."""
    made = []
    for seed in (1, 2):
        analyzed = await _looked(seed, orientation, sampling)
        assert analyzed.pixels is not None
        scene = _scene(analyzed.pixels, ZONES, analyzed.faces[0].box)
        made.append(snapshots_of(scene, WHOLE_SIZE))
    assert made[0] == made[1]
    whole = decode_color(made[0][SnapshotKind.CONTEXT])
    assert max(_inside(whole, zone).max() for zone in ZONES) <= BLACK
    assert decode_color(made[0][SnapshotKind.FACE]).max() > 100


async def _looked(seed: int, orientation: int, sampling: int) -> FrameAnalysis:
    """Has a frame looked at as a server does, upright 600 x 450 pixels or turned, whose zones hold noise of a seed."""
    turned = orientation in (6, 8)
    width, height = (450, 600) if turned else (600, 450)
    upright = np.full((height, width, 3), 60, np.uint8)
    for zone in ZONES:
        left, top, right, bottom = zone.to_pixels(width, height)
        upright[top:bottom, left:right] = _noise(seed, right - left, bottom - top)
    left, top = round(0.4 * width), round(0.3 * height)
    upright[top : top + 80, left : left + 80] = (40, 200, 240)
    back = {1: None, 3: cv2.ROTATE_180, 6: cv2.ROTATE_90_COUNTERCLOCKWISE, 8: cv2.ROTATE_90_CLOCKWISE}[orientation]
    stored = upright if back is None else cv2.rotate(upright, back)
    done, data = cv2.imencode(
        ".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, 60, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    )
    assert done
    jpeg = oriented(bytes(data), orientation)
    frame = Frame(1, NOON, jpeg, width, height, 1.0, 0.0, time_of(NOON), ZONES)
    with ThreadPoolExecutor(1) as threads:
        analyzer = CameraAnalyzer(PatchDetector(), threads, SystemClock())
        (look,) = await analyzer.look([frame], lambda _: Due(look=True, thorough=True), text=False)
    assert isinstance(look, FrameAnalysis)
    assert look.faces
    return look


def test_other_faces_are_black() -> None:
    """In the frame, and where one reaches into the picture of the face."""
    others = (Box(0.1, 0.7, 0.1, 0.2), Box(0.56, 0.35, 0.1, 0.2))
    pixels = _noise(3)
    made = snapshots_of(_scene(pixels, (), FACE, others), WHOLE_SIZE)
    whole = decode_color(made[SnapshotKind.CONTEXT])
    region = crop_face(pixels, FACE).region
    seen = [_inside(whole, each) for each in others]
    seen.append(_inside(decode_color(made[SnapshotKind.FACE]), others[1].relative_to(region)))
    # Beside them is noise, which JPEG spreads over their edges.
    assert [each[10:-10, 10:-10].max() <= BLACK for each in seen] == [True, True, True]
    assert _inside(whole, FACE).mean() > 100


def test_sizes_are_bounded_and_the_frame_is_there_only_if_wanted() -> None:
    """Neither file has metadata."""
    made = snapshots_of(_scene(_noise(1)), replace(SMALL, context=False))
    assert list(made) == [SnapshotKind.FACE]
    assert max(decode_color(made[SnapshotKind.FACE]).shape) == 97
    assert b"Exif" not in made[SnapshotKind.FACE]
    whole = decode_color(snapshots_of(_scene(_noise(1)), SMALL)[SnapshotKind.CONTEXT])
    assert whole.shape[:2] == (158, 211)


def test_a_scene_knows_its_size() -> None:
    """In bytes, and the shorter side of the face in pixels."""
    scene = _scene(_noise(1))
    assert (scene.size, scene.face_side) == (640 * 480 * 3, 96)
