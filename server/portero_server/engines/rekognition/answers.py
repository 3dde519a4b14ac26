"""Parses Rekognition's responses, and selects the one face of an enrollment photograph."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from portero_server.domain.detection.detections import Candidate, FaceQuality, FoundFace, Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import ComparedFace, Comparison, PhotoRefused
from portero_server.engines.kept_faces import KeptFace, parsed_user_id

if TYPE_CHECKING:
    from types_boto3_rekognition.type_defs import (
        AssociateFacesResponseTypeDef,
        CompareFacesResponseTypeDef,
        DetectFacesResponseTypeDef,
        DetectTextResponseTypeDef,
        FaceMatchTypeDef,
        IndexFacesResponseTypeDef,
        ListFacesResponseTypeDef,
        SearchFacesByImageResponseTypeDef,
        SearchFacesResponseTypeDef,
        SearchUsersByImageResponseTypeDef,
    )

Naming = Callable[[str, str | None], tuple[str, str] | None]
"""Returns (person_id, face_id) of a face by FaceId and ExternalImageId; None: it is nobody's; see `FaceNames.of`."""

_FULL_HEIGHT = 120
"""Pixels of face height from which size no longer limits recognition: eyes about 40 pixels apart."""
_DARK, _BRIGHT = 40.0, 90.0
"""Rekognition's brightness, 0..100, between which light does not limit recognition."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The response to a search: the face that was searched for, and its candidates, best first, one per person."""

    box: Box
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class IndexedFace:
    """A face put into the collection."""

    box: Box
    quality: FaceQuality
    external_id: str
    model_version: str


@dataclass(frozen=True, slots=True)
class UnindexedFace:
    """A face that was found but not added to the collection, and why ("LOW_SHARPNESS", "EXCEEDS_MAX_FACES" …)."""

    box: Box
    reasons: frozenset[str]


@dataclass(frozen=True, slots=True)
class Indexed:
    """Answer of an enrollment."""

    faces: tuple[IndexedFace, ...]
    others: tuple[UnindexedFace, ...]


@dataclass(frozen=True, slots=True)
class FacePage:
    """A page of the collection, and the token of the next one (None: it was the last)."""

    faces: tuple[KeptFace, ...]
    next_token: str | None


def searched(answer: SearchFacesByImageResponseTypeDef, naming: Naming) -> Searched:
    """Parses a SearchFacesByImage response; faces that are nobody's are left out."""
    return Searched(_box(answer["SearchedFaceBoundingBox"]), _candidates(answer["FaceMatches"], naming))


def searched_users(answer: SearchUsersByImageResponseTypeDef) -> Searched | None:
    """Parses a SearchUsersByImage response; None: there is no face. Users of other programs are left out.

    A user is all faces of a person as one, so no candidate names a face.
    """
    # The types promise a face; Amazon's documentation does not.
    searched_face = cast("Mapping[str, Any]", answer).get("SearchedFace")
    if searched_face is None:
        return None
    matches = [(parsed_user_id(match["User"].get("UserId")), match["Similarity"]) for match in answer["UserMatches"]]
    found = [Candidate(person_id, "", similarity / 100) for person_id, similarity in matches if person_id is not None]
    found.sort(key=lambda candidate: (-candidate.similarity, candidate.person_id))
    return Searched(_box(searched_face["FaceDetail"]["BoundingBox"]), tuple(found))


def unassociated(answer: AssociateFacesResponseTypeDef) -> dict[str, frozenset[str]]:
    """Parses an AssociateFaces response. Returns the faces that are not the user's now, and Rekognition's reasons."""
    # Either list may be left out when it is empty, but half an answer must not pass for success.
    failed = (
        answer.get("UnsuccessfulFaceAssociations", ())
        if "AssociatedFaces" in answer
        else answer["UnsuccessfulFaceAssociations"]
    )
    return {failure.get("FaceId", ""): frozenset(failure.get("Reasons", ())) for failure in failed}


def similar(answer: SearchFacesResponseTypeDef, naming: Naming) -> tuple[Candidate, ...]:
    """Parses a SearchFaces response; faces that are nobody's are left out."""
    return _candidates(answer["FaceMatches"], naming)


def _candidates(matches: Iterable[FaceMatchTypeDef], naming: Naming) -> tuple[Candidate, ...]:
    best: dict[str, Candidate] = {}
    for match in matches:
        face = match["Face"]
        if (name := naming(face["FaceId"], face.get("ExternalImageId"))) is None:
            continue
        candidate = Candidate(*name, match["Similarity"] / 100)
        known = best.get(candidate.person_id)
        if known is None or candidate.similarity > known.similarity:
            best[candidate.person_id] = candidate
    return tuple(sorted(best.values(), key=lambda candidate: (-candidate.similarity, candidate.person_id)))


def indexed(answer: IndexFacesResponseTypeDef, height: int) -> Indexed:
    """Parses an IndexFaces response for an image `height` pixels high."""
    return Indexed(
        tuple(
            IndexedFace(
                box=_box(record["FaceDetail"]["BoundingBox"]),
                quality=_quality(record["FaceDetail"], height),
                external_id=record["Face"]["FaceId"],
                model_version=answer["FaceModelVersion"],
            )
            for record in answer["FaceRecords"]
        ),
        tuple(
            UnindexedFace(_box(face["FaceDetail"]["BoundingBox"]), frozenset(face["Reasons"]))
            for face in answer.get("UnindexedFaces", ())
        ),
    )


def detected(answer: DetectFacesResponseTypeDef, height: int) -> tuple[FoundFace, ...]:
    """Parses a DetectFaces response for an image `height` pixels high; largest face first."""
    faces = [
        FoundFace(_box(detail["BoundingBox"]), detail["Confidence"] / 100, _quality(detail, height))
        for detail in answer["FaceDetails"]
    ]
    return tuple(sorted(faces, key=lambda face: -face.box.area))


def compared(answer: CompareFacesResponseTypeDef) -> Comparison:
    """Parses a CompareFaces response; faces below Rekognition's threshold get similarity 0."""
    matches = [
        ComparedFace(_box(match["Face"]["BoundingBox"]), match["Similarity"] / 100) for match in answer["FaceMatches"]
    ]
    matches += [ComparedFace(_box(face["BoundingBox"]), 0.0) for face in answer.get("UnmatchedFaces", ())]
    matches.sort(key=lambda face: -face.similarity)
    return Comparison(_box(answer["SourceImageFace"]["BoundingBox"]), tuple(matches))


def texts(answer: DetectTextResponseTypeDef) -> tuple[Text, ...]:
    """Parses a DetectText response: all lines, then all words, each in reading order."""
    return tuple(
        Text(part["DetectedText"], kind, _box(part["Geometry"]["BoundingBox"]), part["Confidence"] / 100)
        for kind in TextKind
        for part in answer["TextDetections"]
        if part["Type"] == kind.name
    )


def face_page(answer: ListFacesResponseTypeDef) -> FacePage:
    """Parses a page of a ListFaces response."""
    faces = tuple(KeptFace(face["FaceId"], face.get("ExternalImageId"), face.get("UserId")) for face in answer["Faces"])
    return FacePage(faces, answer.get("NextToken") or None)


def _box(box: Mapping[str, Any]) -> Box:
    # Faces and texts at the edge reach over it.
    return Box(box["Left"], box["Top"], box["Width"], box["Height"]).clipped()


def _quality(detail: Mapping[str, Any], height: int) -> FaceQuality:
    pose, light = detail["Pose"], detail["Quality"]
    turned = math.cos(math.radians(pose["Yaw"])) * math.cos(math.radians(pose["Pitch"]))
    brightness = light["Brightness"]
    lit = min(1.0, brightness / _DARK, (100 - brightness) / (100 - _BRIGHT))
    return FaceQuality(
        size=_ratio(detail["BoundingBox"]["Height"] * height / _FULL_HEIGHT),
        frontality=_ratio(turned),
        sharpness=_ratio(light["Sharpness"] / 100),
        brightness=_ratio(lit),
    )


def _ratio(value: float) -> float:
    return max(0.0, min(1.0, value))


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
