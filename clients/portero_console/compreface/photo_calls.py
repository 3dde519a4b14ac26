"""Calls that look at photos and store nothing."""

from __future__ import annotations

import time

from portero_client import Face, NotFound
from portero_console.compreface.answers import Document, box, chosen, face_box, largest, results, rounded, subjects
from portero_console.compreface.calls import Call
from portero_console.compreface.errors import image_not_found, no_face
from portero_console.compreface.parameters import Analysis, analysis_of
from portero_console.compreface.subjects import face_of

_MOST_CANDIDATES = 20


async def recognize(call: Call) -> Document:
    """Returns every face of a photo, largest first, with who it is."""
    analysis = analysis_of(call.request.query_params)
    async with call.photos("file") as (photo,):
        begun = time.monotonic()
        answer = await call.client.images.search(photo.content, max_candidates=analysis.prediction_count)
        faces = _some(answer, analysis)
        found = [
            {"box": face_box(face, photo.size), "subjects": subjects(face, analysis.prediction_count)} for face in faces
        ]
        return results(found, analysis, time.monotonic() - begun)


async def detect(call: Call) -> Document:
    """Returns every face of a photo, largest first."""
    analysis = analysis_of(call.request.query_params)
    async with call.photos("file") as (photo,):
        begun = time.monotonic()
        recognition = await call.client.images.recognize(photo.content)
        found = [{"box": face_box(face, photo.size)} for face in _some(recognition.faces, analysis)]
        return results(found, analysis, time.monotonic() - begun)


async def verify(call: Call) -> Document:
    """Returns how alike the largest face of one photo is to each face of another, the most similar first."""
    analysis = analysis_of(call.request.query_params)
    async with call.photos("source_image", "target_image") as (source, target):
        begun = time.monotonic()
        comparison = await call.client.images.compare(source.content, target.content)
        faces = largest(comparison.comparisons, analysis.limit)
        if not faces:
            raise no_face()
        matches = [{"box": box(face.box, target.size), "similarity": rounded(face.similarity)} for face in faces]
        pair = {"source_image_face": {"box": box(comparison.source_box, source.size)}, "face_matches": matches}
        return results([pair], analysis, time.monotonic() - begun)


async def verify_example(call: Call) -> Document:
    """Returns how alike each face of a photo is to the person of an example, the most similar first."""
    analysis = analysis_of(call.request.query_params)
    image_id: str = call.request.path_params["image_id"]
    person, example = face_of(image_id)
    async with call.photos("file") as (photo,):
        begun = time.monotonic()
        try:
            known = [face.name async for face in call.client.people.faces(person)]
        except NotFound:
            known = []
        if example not in known:
            raise image_not_found(image_id)
        found = await call.client.images.search(photo.content, max_candidates=_MOST_CANDIDATES)
        faces = sorted(_some(found, analysis), key=lambda face: -_likeness(face, person))
        matches = [
            {"box": face_box(face, photo.size), "similarity": rounded(_likeness(face, person))} for face in faces
        ]
        return results(matches, analysis, time.monotonic() - begun)


def _some(faces: tuple[Face, ...], analysis: Analysis) -> list[Face]:
    found = chosen(faces, analysis)
    if not found:
        raise no_face()
    return found


def _likeness(face: Face, person: str) -> float:
    """Returns the similarity of a face to a person; 0 if twenty others are more like it."""
    return next((candidate.similarity for candidate in face.candidates if candidate.person == person), 0.0)
