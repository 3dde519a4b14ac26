"""Calls that analyze images and store nothing, and the check of every image before it is sent."""

from __future__ import annotations

from portero.v1 import gallery_service_pb2 as gallery_pb2
from portero.v1 import recognition_service_pb2 as recognition_pb2

from portero_client import convert
from portero_client.calls.base import Call, unary
from portero_client.detections import Comparison, Face, Recognition, Text
from portero_client.errors import InvalidArgument

MAX_IMAGE_BYTES = 5 * 1024 * 1024
_GALLERY = "/portero.v1.GalleryService/"
_RECOGNITION = "/portero.v1.RecognitionService/"


def checked_image(image: bytes, field: str = "image") -> bytes:
    """Returns an image after checking its size.

    Raises:
        InvalidArgument: It is empty, or larger than 5 MiB.
    """
    if not image:
        raise InvalidArgument(f"{field} is empty", field=field, reason="EMPTY")
    if len(image) > MAX_IMAGE_BYTES:
        raise InvalidArgument(
            f"{field} has {len(image):,} bytes; at most {MAX_IMAGE_BYTES:,} (5 MiB) are taken",
            field=field,
            reason="TOO_MANY_BYTES",
        )
    return image


def search(image: bytes, *, max_candidates: int) -> Call[tuple[Face, ...]]:
    """Finds the people in a photograph: every face, largest first, with match and candidates (1..20; 0 means 5)."""
    return unary(
        _GALLERY + "SearchByImage",
        gallery_pb2.SearchByImageRequest(image=checked_image(image), max_candidates=max_candidates),
        gallery_pb2.SearchByImageResponse,
        lambda answer: tuple(convert.face_from(face) for face in answer.faces),
        carries_image=True,
    )


def compare(source: bytes, target: bytes) -> Call[Comparison]:
    """Compares the largest face of one photograph with each face of another."""
    return unary(
        _GALLERY + "CompareImages",
        gallery_pb2.CompareImagesRequest(
            source_image=checked_image(source, "source_image"),
            target_image=checked_image(target, "target_image"),
        ),
        gallery_pb2.CompareImagesResponse,
        convert.comparison_from,
        carries_image=True,
    )


def recognize(image: bytes, *, faces: bool, texts: bool, max_candidates: int) -> Call[Recognition]:
    """Finds faces, text or both in an image; up to `max_candidates` (0..20) for each face."""
    if not faces and not texts:
        raise InvalidArgument("look for faces, texts or both", field="features", reason="NOTHING_ASKED")
    wanted = [recognition_pb2.RECOGNITION_FEATURE_FACES] if faces else []
    if texts:
        wanted.append(recognition_pb2.RECOGNITION_FEATURE_TEXT)
    return unary(
        _RECOGNITION + "RecognizeImage",
        recognition_pb2.RecognizeImageRequest(
            image=checked_image(image), features=wanted, max_candidates=max_candidates
        ),
        recognition_pb2.RecognizeImageResponse,
        convert.recognition_from,
        carries_image=True,
    )


def read_text(image: bytes) -> Call[tuple[Text, ...]]:
    """Reads the text of an image, in reading order."""
    return unary(
        _RECOGNITION + "ReadText",
        recognition_pb2.ReadTextRequest(image=checked_image(image)),
        recognition_pb2.ReadTextResponse,
        lambda answer: tuple(convert.text_from(text) for text in answer.texts),
        carries_image=True,
    )
