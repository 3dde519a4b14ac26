"""What a single picture of a person says: whose face is to be compared, and whether it is a picture of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from portero_server.documents.desk import LiveFace
from portero_server.domain.documents.judgment import Liveness
from portero_server.vision.cards.sides import PortraitDetector
from portero_server.vision.cards.spoof import FRAMED, SAME_PICTURE, SUSPICIONS, same_picture
from portero_server.vision.crops import crop_face
from portero_server.vision.pixels import Pixels

_BESIDE = 0.5
"""A face of at least this share of the largest one's width stands beside it; a smaller one is in the background."""


class PictureLook:
    """Looks at single pictures with a detector of faces. Has no state; any thread may use it."""

    def __init__(self, detector: PortraitDetector) -> None:
        self._detector = detector

    def live_face(self, picture: Pixels) -> LiveFace | None:
        """Returns the largest face of a BGR picture with its surroundings; None: there is no face in it."""
        faces = self._detector.find(picture, thorough=True)
        if not faces:
            return None
        largest = faces[0]
        beside = [face for face in faces if face.box.width >= _BESIDE * largest.box.width]
        size = round(largest.box.width * picture.shape[1])
        return LiveFace(crop_face(picture, largest.box).pixels, len(beside), largest.quality.overall, size)

    def suspicion(self, portraits: Sequence[Pixels], live: LiveFace | None, *, framed: bool) -> Liveness | None:
        """Returns what speaks against a person and their card; None: nothing, which speaks for nobody either.

        Args:
            portraits: The faces on the card, best first, BGR.
            live: The face of the person.
            framed: Whether the card lies in an even frame, as on a screen.
        """
        cues = [FRAMED] if framed else []
        if live is not None and portraits and same_picture(portraits[0], live.pixels):
            cues.append(SAME_PICTURE)
        return Liveness(max(SUSPICIONS[cue] for cue in cues), tuple(sorted(cues))) if cues else None
