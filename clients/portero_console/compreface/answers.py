"""What was found in photos, in CompreFace's shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from portero_client import Box, Face, FaceComparison
from portero_console.compreface.parameters import Analysis
from portero_console.compreface.sizes import Size
from portero_console.compreface.subjects import subject_shown

Document = dict[str, Any]


def box(found: Box, size: Size) -> Document:
    """Returns a box in whole pixels of the photo, cut at its edges."""
    return {
        "x_min": _within(found.left * size.width, size.width),
        "y_min": _within(found.top * size.height, size.height),
        "x_max": _within((found.left + found.width) * size.width, size.width),
        "y_max": _within((found.top + found.height) * size.height, size.height),
    }


def face_box(face: Face, size: Size) -> Document:
    """Returns the box of a face, with how certainly it is one."""
    return {"probability": rounded(face.confidence), **box(face.box, size)}


def subjects(face: Face, most: int) -> list[Document]:
    """Returns who a face is, and behind them the next most similar people; nobody, if the server names nobody."""
    if face.match is None:
        return []
    match = face.match
    named = [(subject_shown(match.display_name, match.person), match.similarity)]
    named += [
        (subject_shown(other.display_name, other.person), other.similarity)
        for other in face.candidates
        if other.person != match.person
    ]
    return [{"subject": name, "similarity": rounded(similarity)} for name, similarity in named[:most]]


def chosen(faces: Iterable[Face], analysis: Analysis) -> list[Face]:
    """Returns the faces that are certain enough, the largest first, as many as are wanted."""
    certain = [face for face in faces if face.confidence >= analysis.least_probability]
    return certain[: analysis.limit or None]


def largest(faces: Sequence[FaceComparison], limit: int) -> list[FaceComparison]:
    """Returns the largest faces, as many as are wanted, in the order that they have."""
    wanted = sorted(faces, key=lambda face: -face.box.width * face.box.height)[: limit or None]
    return [face for face in faces if face in wanted]


def results(found: list[Document], analysis: Analysis, seconds: float) -> Document:
    """Returns an answer; with the time that the call took, if the request asks for it."""
    if not analysis.status:
        return {"result": found}
    timed = [{**each, "execution_time": {"total": round(seconds * 1000, 1)}} for each in found]
    return {"result": timed, "plugins_versions": {"detector": "portero", "calculator": "portero"}}


def rounded(ratio: float) -> float:
    """Returns a ratio with as many digits as CompreFace tells."""
    return round(ratio, 5)


def _within(place: float, side: int) -> int:
    return min(max(round(place), 0), side)
