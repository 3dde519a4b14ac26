"""Converts the answers about what is odd with the gallery to dataclasses."""

from __future__ import annotations

from portero.v1 import gallery_service_pb2 as pb2

from portero_client.convert import candidate_from, enrollment_from
from portero_client.people import EnrolledFace, GalleryFinding, GalleryFindingKind

_KINDS: dict[int, GalleryFindingKind] = {
    pb2.GALLERY_FINDING_KIND_OUTDATED_FACES: GalleryFindingKind.OUTDATED_FACES,
    pb2.GALLERY_FINDING_KIND_LOOK_ALIKE: GalleryFindingKind.LOOK_ALIKE,
}


def enrolled_from(answer: pb2.EnrollFaceResponse) -> EnrolledFace:
    """Returns a face that was just enrolled, and whom it is like."""
    face = enrollment_from(answer.face)
    return EnrolledFace(
        face.name,
        face.box,
        face.quality,
        face.engine,
        face.model_version,
        face.create_time,
        tuple(map(candidate_from, answer.look_alikes)),
    )


def finding_from(message: pb2.GalleryFinding) -> GalleryFinding:
    """Returns a finding; of a newer server's kind, UNSPECIFIED."""
    return GalleryFinding(
        person=message.person,
        display_name=message.display_name,
        kind=_KINDS.get(message.kind, GalleryFindingKind.UNSPECIFIED),
        look_alike=candidate_from(message.look_alike) if message.HasField("look_alike") else None,
    )
