"""Real portraits, and what was done to them, are told as an enrollment would tell them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from portero_server.domain.detection.geometry import Box
from portero_server.domain.detection.photo_advice import PhotoFlaw
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.opencv import cv2
from portero_server.vision.photo_report import face_light, photo_report
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import both, collins, hopper


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    """The detector that this machine would use."""
    return FaceDetector(choose_finder(DetectorOptions()).finder)


def _blurred(image: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 4), np.uint8)


def _dimmed(share: float) -> Callable[[Pixels], Pixels]:
    return lambda image: np.asarray(cv2.convertScaleAbs(image, alpha=share), np.uint8)


def _small(image: Pixels) -> Pixels:
    return np.asarray(cv2.resize(image, None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA), np.uint8)


def _half_lit(image: Pixels) -> Pixels:
    shaded = image.copy()
    shaded[:, : round(0.51 * image.shape[1])] //= 4
    return shaded


@pytest.mark.parametrize("portrait", [collins, hopper])
def test_a_portrait_is_taken_without_a_word(detector: FaceDetector, portrait: Callable[[], Pixels]) -> None:
    """Two ordinary portraits have nothing wrong with them."""
    report = photo_report(detector, portrait())
    assert report.face is not None
    assert report.advice == ()


@pytest.mark.parametrize(
    ("change", "flaw", "refused"),
    [
        (_blurred, PhotoFlaw.BLURRED, True),
        (_small, PhotoFlaw.TOO_SMALL, True),
        (_dimmed(0.15), PhotoFlaw.TOO_DARK, True),
        (_dimmed(0.3), PhotoFlaw.TOO_DARK, False),
    ],
)
def test_a_spoiled_portrait_is_told(
    detector: FaceDetector, change: Callable[[Pixels], Pixels], flaw: PhotoFlaw, refused: bool
) -> None:
    """What was done to the portrait is what is said of it, and how bad it is decides whether it is refused."""
    report = photo_report(detector, change(collins()))
    assert report.face is not None
    assert (flaw, refused) in [(each.flaw, each.refused) for each in report.advice]
    assert report.reason == ("LOW_QUALITY" if refused else "")


def test_a_face_lit_from_one_side_is_warned_of(detector: FaceDetector) -> None:
    """One half in shadow is told, and refuses nothing by itself."""
    report = photo_report(detector, _half_lit(hopper()))
    assert PhotoFlaw.UNEVEN_LIGHT in [each.flaw for each in report.warnings]


def test_nobody_and_two_people_are_refused(detector: FaceDetector) -> None:
    """Without exactly one face there is nothing to learn."""
    assert photo_report(detector, np.full((300, 300, 3), 90, np.uint8)).reason == "NO_FACE"
    assert photo_report(detector, both()).reason == "SEVERAL_FACES"


def test_light_is_that_of_the_face_alone() -> None:
    """Gray level and evenness come from within the box; a box outside of the picture says nothing."""
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:80, 20:50], image[20:80, 50:80] = 200, 50
    mean, evenness = face_light(image, Box(0.2, 0.2, 0.6, 0.6))
    assert mean == pytest.approx(125, abs=5)
    assert evenness == pytest.approx(0.25)
    assert face_light(image, Box(1.2, 0.2, 0.3, 0.3)).evenness == 1.0
