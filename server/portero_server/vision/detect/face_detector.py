"""Finds the faces of a picture, and scores how well each can be recognized, whichever finder is used."""

from __future__ import annotations

import numpy as np

from portero_server.domain.detection.detections import DetectPolicy, FoundFace
from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.vision.detect.finder import FaceFinder, Image, RawFace
from portero_server.vision.detect.scaling import large_face_scale, look_scale
from portero_server.vision.jpeg import to_gray
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.likeness import face_patch
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.quality import Landmarks, face_quality

# A face at the limit between two searches is looked for in both.
_NEARLY = 0.8
_HALF = 0.5
# Least scale at which neighbors may be interpolated: nearly every pixel still counts.
_SLIGHT = 0.75
# Of a face's size on each side, for the patch of a leaning one reaches over its box.
_AROUND = 0.5


class FaceDetector:
    """Finds faces. Thread-safe."""

    def __init__(self, finder: FaceFinder, policy: DetectPolicy | None = None) -> None:
        """Uses a finder, under a policy.

        Raises:
            StartupProblem: The finder's landmarks are coarse, and the model that places them anew is missing.
        """
        self.finder = finder
        self._landmarks = LandmarkModel() if finder.traits.coarse_landmarks else None
        self.policy = policy or DetectPolicy()

    def find(self, image: Image, *, thorough: bool, within: Box = WHOLE) -> list[FoundFace]:
        """Finds faces. Releases the GIL while it searches.

        Args:
            image: Height x width x 3 (BGR), or height x width (gray), where some finders see a little less.
            thorough: Whether to look for the smallest faces of the policy too.
            within: The part of the frame to search, in ratios.

        Returns:
            Faces, largest first, boxes in ratios; a face cut by the frame's edge keeps its whole box.
        """
        height, width = image.shape[:2]
        x0, y0, x1, y1 = within.to_pixels(width, height)
        region = image[y0:y1, x0:x1]
        if not region.size:
            return []
        traits = self.finder.traits
        pixels = region.shape[0] * region.shape[1]
        scale = look_scale(self.policy, traits, pixels, thorough=thorough)
        found = self._search(region, scale)
        if traits.most_face is not None:
            found = [raw for raw in found if raw.side * scale <= traits.most_face]
            coarse = large_face_scale(traits, scale, x1 - x0, y1 - y0)
            if coarse is not None:
                # Of a face too large for it the finder sees parts, as faces in a face.
                least = _NEARLY * traits.most_face / scale
                large = [raw for raw in self._search(region, coarse) if raw.side >= least]
                found = large + [raw for raw in found if not any(_within(raw, other) for other in large)]
        faces = [self._face(image, raw, (x0, y0)) for raw in found]
        return sorted((face for face in faces if face is not None), key=lambda face: -face.box.area)

    def _search(self, region: Image, scale: float) -> list[RawFace]:
        """Returns the faces that the finder sees at a scale, in pixels of the region."""
        if min(region.shape[:2]) * scale < 1.0:
            return []
        traits, policy = self.finder.traits, self.policy
        least = traits.min_confidence if policy.min_confidence is None else policy.min_confidence
        found = self.finder.search(_prepared(region, scale, color=traits.color), least)
        return [_enlarged(raw, 1.0 / scale) for raw in found]

    def _face(self, image: Image, raw: RawFace, origin: tuple[int, int]) -> FoundFace | None:
        """Returns a found face in the whole image, or None if it lies outside."""
        height, width = image.shape[:2]
        left, top = origin[0] + raw.left, origin[1] + raw.top
        box = Box.from_pixels(left, top, left + raw.side, top + raw.side, width=width, height=height)
        x0, y0, x1, y1 = box.to_pixels(width, height)
        if x1 <= x0 or y1 <= y0:
            return None
        nameable = raw.side >= self.policy.min_named
        around = box.padded(_AROUND).to_pixels(width, height)
        gray = _gray(image[around[1] : around[3], around[0] : around[2]])
        face = gray[y0 - around[1] : y1 - around[1], x0 - around[0] : x1 - around[0]]
        quality = face_quality(face, raw.landmarks, nameable=nameable)
        patch = face_patch(gray, self._exact(gray, raw, origin[0] - around[0], origin[1] - around[1]))
        return FoundFace(box, raw.confidence, quality, patch)

    def _exact(self, gray: Gray, raw: RawFace, x: int, y: int) -> Landmarks:
        """Returns the landmarks of a face that lies so many pixels further in `gray`, fit to compare patches by."""
        if self._landmarks is None:
            return np.add(raw.landmarks, (x, y), dtype=np.float64)
        return self._landmarks.place(gray, raw.left + x, raw.top + y, raw.side)


def _enlarged(raw: RawFace, by: float) -> RawFace:
    return RawFace(raw.left * by, raw.top * by, raw.side * by, raw.confidence, raw.landmarks * by)


def _within(raw: RawFace, other: RawFace) -> bool:
    """Returns whether the middle of a face lies in another face."""
    middle = raw.side / 2
    return 0.0 <= raw.left + middle - other.left <= other.side and 0.0 <= raw.top + middle - other.top <= other.side


def _prepared(region: Image, scale: float, *, color: bool) -> Image:
    """Returns a region at the scale and in the colors that a finder wants, contiguous."""
    if not color:
        region = _gray(region)
    elif region.ndim == 2:
        region = np.asarray(cv2.cvtColor(region, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    if scale == 1.0:
        return np.ascontiguousarray(region)
    # HOG sees more false faces in what interpolation leaves of noise; networks do not.
    if color and scale < 1.0:
        return _reduced(region, scale)
    interpolation = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(region, None, fx=scale, fy=scale, interpolation=interpolation), dtype=np.uint8)


def _reduced(region: Image, scale: float) -> Image:
    """Returns a region at a scale below 1.

    OpenCV takes a third of the time to halve a picture and interpolate the rest that it takes to average any area.
    """
    height, width = region.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    while scale <= _HALF and min(region.shape[:2]) > 1:
        # An odd row or column at the edge is left out: the fast way is for whole pairs.
        height, width = (side // 2 for side in region.shape[:2])
        region, scale = _scaled(region[: 2 * height, : 2 * width], (width, height), cv2.INTER_AREA), scale / _HALF
    return _scaled(region, size, cv2.INTER_AREA if scale < _SLIGHT else cv2.INTER_LINEAR)


def _scaled(image: Image, size: tuple[int, int], interpolation: int) -> Image:
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), dtype=np.uint8)


def _gray(image: Image) -> Gray:
    return image if image.ndim == 2 else to_gray(image)
