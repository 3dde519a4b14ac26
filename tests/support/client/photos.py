"""Photographs for the fake server: bytes that say which faces and which text they show."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field

from portero.v1 import detections_pb2

from tests.support.client.wire import invalid

WIDTH, HEIGHT = 640, 480
"""Size that the header of a photograph says, pixels."""

_BEGIN = b"\xff\xd8" + struct.pack(">2sHBHHB3B", b"\xff\xc0", 11, 8, HEIGHT, WIDTH, 1, 1, 0x11, 0)
_END = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a photograph shows: whose faces from large to small, their quality 0..1, and lines of text."""

    faces: tuple[str, ...] = ()
    quality: float = 0.9
    lines: tuple[str, ...] = field(default=())


def photo(*faces: str, quality: float = 0.9, lines: tuple[str, ...] = ()) -> bytes:
    """Makes a photograph of these faces, each a free word that is the same for the same human being."""
    return _BEGIN + json.dumps({"faces": faces, "quality": quality, "lines": lines}).encode() + _END


def shown_in(image: bytes, field_name: str = "image") -> Shown:
    """Returns what a photograph shows; refuses bytes that are none."""
    if not (image.startswith(_BEGIN) and image.endswith(_END)):
        raise invalid(field_name, f"{field_name} is not a JPEG or PNG file", "NOT_AN_IMAGE")
    told = json.loads(image[len(_BEGIN) : -len(_END)])
    return Shown(tuple(told["faces"]), told["quality"], tuple(told["lines"]))


def similarity(one: str, other: str) -> float:
    """How alike two faces are; the same human being is far above every threshold."""
    return 0.95 if one == other else 0.25


def box_of(index: int) -> detections_pb2.Box:
    """Returns the place of the n-th face or line."""
    return detections_pb2.Box(left=0.1 + 0.2 * index, top=0.25, width=0.125, height=0.25)


def quality_message(overall: float) -> detections_pb2.FaceQuality:
    """Returns a quality with the same score everywhere."""
    return detections_pb2.FaceQuality(
        size=overall, frontality=overall, sharpness=overall, brightness=overall, overall=overall
    )
