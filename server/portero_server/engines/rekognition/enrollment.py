"""Whether a photograph that Rekognition took can teach a face, and what to tell the operator when it cannot."""

from __future__ import annotations

from portero_server.engines.base import PhotoRefused
from portero_server.engines.rekognition.answers import Indexed, IndexedFace

_TOO_MANY = "EXCEEDS_MAX_FACES"

_ADVICE = {
    "EXTREME_POSE": "the face is turned away; look straight into the camera",
    "LOW_BRIGHTNESS": "the picture is too dark; take it with light on the face",
    "LOW_SHARPNESS": "the face is blurred; hold still and let the camera focus",
    "LOW_CONFIDENCE": "the face is hardly visible; show it whole, without mask or sunglasses",
    "SMALL_BOUNDING_BOX": "the face is too small; come closer",
    "LOW_FACE_QUALITY": "the face lacks detail; use a sharper picture without mask, sunglasses or hard shadow",
}
"""What to do better, by Rekognition's reason for not indexing a face; the first that applies is told first."""


def only_face(answer: Indexed) -> IndexedFace:
    """Returns the face that a photograph teaches, indexed with MaxFaces=1: others show among the unindexed ones.

    Raises:
        PhotoRefused: No face, several faces, or too poor a picture. What was indexed must leave the collection again.
    """
    if not answer.faces:
        raise _refusal_without_face(answer)
    # Faces that were left out for their quality as well are bystanders; these would have been learned.
    rivals = [other for other in answer.others if other.reasons == {_TOO_MANY}]
    if rivals:
        raise PhotoRefused(
            "image",
            f"there are {1 + len(rivals)} faces in the photograph; show one person only",
            reason="SEVERAL_FACES",
        )
    return answer.faces[0]


def _refusal_without_face(answer: Indexed) -> PhotoRefused:
    if not answer.others:
        return PhotoRefused(
            "image", "there is no face in the photograph; show one face, from the front", reason="NO_FACE"
        )
    largest = max(answer.others, key=lambda other: other.box.area)
    advice = [text for reason, text in _ADVICE.items() if reason in largest.reasons]
    told = "; ".join(advice) or "use a sharper, brighter picture of the face"
    return PhotoRefused("image", f"the photograph is not good enough: {told}", reason="LOW_QUALITY")
