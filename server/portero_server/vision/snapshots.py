"""Snapshots of a face and of the frame that shows it, as JPEG files without what nobody asked for.

Privacy zones and other people's faces are black. A JPEG file stores blocks of pixels, so a zone is blackened with all
blocks that it touches: in the camera's file, whose values beside the zone depend on what is in it, and in ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.review_pictures import PictureRank
from portero_server.domain.recording.snapshots import SnapshotKind
from portero_server.vision.crops import crop_face
from portero_server.vision.face_picture import scaled
from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.pixels import Pixels
from portero_server.vision.zones import BLOCK_ROOM, blacken


@dataclass(frozen=True, slots=True)
class Scene:
    """The frame of a shot.

    Attributes:
        pixels: The whole frame, upright, height x width x 3, BGR; shared, and not to be written to.
        face: Where the face is, ratios of the frame, as the other boxes.
        others: Where other faces are.
        zones: The camera's privacy zones.
        camera_id: Where it was taken.
        taken_at: When it was captured, UTC.
        rank: How good the shot is.
    """

    pixels: Pixels
    face: Box
    others: Sequence[Box]
    zones: Sequence[Box]
    camera_id: str
    taken_at: datetime
    rank: PictureRank

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        return int(self.pixels.nbytes)

    @property
    def face_side(self) -> int:
        """The shorter side of the face, pixels."""
        height, width = self.pixels.shape[:2]
        return int(min(self.face.width * width, self.face.height * height))


@dataclass(frozen=True, slots=True)
class SnapshotForm:
    """What the files are like.

    Attributes:
        context: Whether there is one of the whole frame.
        quality: Of the JPEG compression, 1..100.
        face_side: Longer side of that of a face at most, pixels.
        context_side: Longer side of that of a frame at most, pixels.
    """

    context: bool
    quality: int
    face_side: int
    context_side: int


def snapshots_of(scene: Scene, form: SnapshotForm) -> Mapping[SnapshotKind, bytes]:
    """Returns the snapshots of a scene, JPEG files without metadata."""
    pixels = blacken(scene.pixels.copy(), scene.zones, BLOCK_ROOM)
    blacken(pixels, scene.others)
    crop = crop_face(pixels, scene.face)
    zones = [zone.relative_to(crop.region) for zone in scene.zones]
    found = {SnapshotKind.FACE: _encoded(crop.pixels, zones, form.face_side, form.quality)}
    if form.context:
        found[SnapshotKind.CONTEXT] = _encoded(pixels, scene.zones, form.context_side, form.quality)
    return found


def _encoded(pixels: Pixels, zones: Sequence[Box], side: int, quality: int) -> bytes:
    smaller = scaled(pixels, side)
    return encode_jpeg(blacken(smaller, zones, BLOCK_ROOM), quality)
