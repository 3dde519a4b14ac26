"""The operations DetectFaces, CompareFaces and DetectText, which need no collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_simulator.details import bounding_box, box_of, face_detail, polygon
from portero_simulator.images import decoded
from portero_simulator.model import Document
from portero_simulator.problems import invalid_parameters
from portero_simulator.quality import shortcomings
from portero_simulator.service import Service

_THRESHOLD = 80.0
_MOST_WORDS = 100
_TEXT_MODEL_VERSION = "0.1"


async def detect_faces(service: Service, request: Document) -> Document:
    """Finds an image's faces; returns the default attributes, whatever was requested."""
    pixels = await decoded(request["Image"])
    return {"FaceDetails": [face_detail(found) for found in await service.recognizer.find(pixels)]}


async def compare_faces(service: Service, request: Document) -> Document:
    """Compares the largest face of one image with every face of another."""
    source = await decoded(request["SourceImage"])
    target = await decoded(request["TargetImage"])
    comparison = await service.recognizer.compare(source, target)
    if comparison is None:
        raise invalid_parameters(analyzed=True)
    height, width = target.shape[:2]
    quality_filter = request.get("QualityFilter", "NONE")
    faces = [face for face in comparison.faces if not shortcomings(face.found, quality_filter, width, height)]
    threshold = request.get("SimilarityThreshold", _THRESHOLD)
    return {
        "SourceImageFace": {
            "BoundingBox": bounding_box(comparison.source.box),
            "Confidence": 100 * comparison.source.confidence,
        },
        "FaceMatches": [
            {"Similarity": face.similarity, "Face": face_detail(face.found)}
            for face in faces
            if face.similarity >= threshold
        ],
        "UnmatchedFaces": [face_detail(face.found) for face in faces if face.similarity < threshold],
    }


async def detect_text(service: Service, request: Document) -> Document:
    """Reads an image: lines first, then words, at most 100 of these."""
    pixels = await decoded(request["Image"])
    texts = _filtered(await service.recognizer.read(pixels), request.get("Filters", {}))
    words = [text for text in texts if text.kind is TextKind.WORD][:_MOST_WORDS]
    lines = [text for text in texts if text.kind is TextKind.LINE]
    detections = [_detection(line, "LINE", number) for number, line in enumerate(lines)]
    for number, word in enumerate(words, len(lines)):
        parent = _line_of(word, lines)
        detections.append(_detection(word, "WORD", number) | ({} if parent is None else {"ParentId": parent}))
    return {"TextDetections": detections, "TextModelVersion": _TEXT_MODEL_VERSION}


def _detection(text: Text, kind: str, number: int) -> dict[str, Any]:
    return {
        "DetectedText": text.content,
        "Type": kind,
        "Id": number,
        "Confidence": 100 * text.confidence,
        "Geometry": {"BoundingBox": bounding_box(text.box), "Polygon": polygon(text.box)},
    }


def _line_of(word: Text, lines: Sequence[Text]) -> int | None:
    x, y = word.box.center
    for number, line in enumerate(lines):
        inside = line.box.left <= x <= line.box.right and line.box.top <= y <= line.box.bottom
        if inside and word.content in line.content:
            return number
    return None


def _filtered(texts: Sequence[Text], filters: Document) -> list[Text]:
    """Applies the word filter to words, and the regions to everything."""
    word = filters.get("WordFilter", {})
    kept = [text for text in texts if text.kind is TextKind.LINE or _passes(text, word)]
    regions = [
        box_of(region["BoundingBox"]) for region in filters.get("RegionsOfInterest", ()) if "BoundingBox" in region
    ]
    return [text for text in kept if not regions or _in_one(text.box, regions)]


def _passes(text: Text, word: Mapping[str, float]) -> bool:
    return (
        100 * text.confidence >= word.get("MinConfidence", 0.0)
        and text.box.height >= word.get("MinBoundingBoxHeight", 0.0)
        and text.box.width >= word.get("MinBoundingBoxWidth", 0.0)
    )


def _in_one(box: Box, regions: Iterable[Box]) -> bool:
    x, y = box.center
    return any(region.left <= x <= region.right and region.top <= y <= region.bottom for region in regions)
