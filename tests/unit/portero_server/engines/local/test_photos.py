"""Which photographs can teach a face, and why others cannot."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.engines.base import PhotoRefused, Pixels
from portero_server.engines.local.photos import PhotoFaces
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.opencv import cv2
from tests.support.images.portraits import collins, frame_with, hopper


@pytest.fixture(scope="module")
def photos() -> PhotoFaces:
    """Provides one finder for all tests."""
    return PhotoFaces(DetectorOptions())


def _refusal(photos: PhotoFaces, image: Pixels) -> PhotoRefused:
    with pytest.raises(PhotoRefused) as refusal:
        photos.only(image)
    return refusal.value


@pytest.mark.parametrize("portrait", [collins, hopper])
def test_a_portrait_has_one_face(photos: PhotoFaces, portrait: object) -> None:
    """A portrait teaches its one face."""
    assert callable(portrait)
    assert photos.only(portrait()).confidence > 0.85


def test_a_badge_beside_a_clear_face_is_no_face(photos: PhotoFaces) -> None:
    """What the detector takes for faces in the cloth of a leaning portrait is not reported."""
    lean = cv2.getRotationMatrix2D((256, 256), -18, 1)
    leaning = cv2.warpAffine(collins()[:, ::-1].copy(), lean, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    assert len(photos.all(np.asarray(leaning, np.uint8))) == 1


def test_several_people_cannot_teach_a_face(photos: PhotoFaces) -> None:
    """Two people of the same size are refused with their number."""
    refusal = _refusal(photos, np.hstack([hopper(), hopper()]))
    assert refusal.reason == "SEVERAL_FACES"
    assert "2 faces" in refusal.message


@pytest.mark.parametrize(
    ("photo", "advice"),
    [
        (lambda: frame_with(hopper(), 0.22, left=200, top=60), "come closer"),
        (lambda: np.asarray(cv2.GaussianBlur(hopper(), (0, 0), 8), np.uint8), "hold still"),
        (lambda: np.asarray(cv2.convertScaleAbs(hopper(), alpha=0.2), np.uint8), "light it"),
    ],
    ids=["far", "blurred", "dark"],
)
def test_a_poor_photograph_is_refused_with_advice(photos: PhotoFaces, photo: object, advice: str) -> None:
    """A face that is too small, blurred or dark is refused, and the message says what to do better."""
    assert callable(photo)
    refusal = _refusal(photos, photo())
    assert refusal.reason == "LOW_QUALITY"
    assert advice in refusal.message


def test_nobody_teaches_nothing(photos: PhotoFaces) -> None:
    """A photograph without a face is refused as such."""
    assert _refusal(photos, np.full((300, 300, 3), 80, np.uint8)).reason == "NO_FACE"
