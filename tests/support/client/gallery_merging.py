"""Merging of people of the fake server."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol

import grpc
from portero.v1 import gallery_service_pb2 as pb2

from tests.support.client.wire import Refusal, UnaryMethod, not_found


class MergeablePerson(Protocol):
    """A person with faces."""

    person: pb2.Person
    faces: dict[str, Any]


class FakeMerging:
    """Makes two people one; with a label "twin" of the other's name, both were seen at one camera at the same time."""

    def __init__(self, known: MutableMapping[str, Any]) -> None:
        self._known: MutableMapping[str, MergeablePerson] = known

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the methods of the service that concern merging."""
        return {"MergePeople": (pb2.MergePeopleRequest, self.merge)}

    async def merge(self, request: pb2.MergePeopleRequest) -> pb2.MergePeopleResponse:
        """Moves the faces of one to the other."""
        for name in (request.name, request.other):
            if name not in self._known:
                raise not_found(name)
        kept, other = self._known[request.name], self._known[request.other]
        if kept.person.labels.get("twin") == request.other and not request.force:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"{request.name} and {request.other} were seen at one camera at the same time",
                reason="SEEN_TOGETHER",
            )
        kept.faces |= other.faces
        kept.person.face_count = len(kept.faces)
        del self._known[request.other]
        return pb2.MergePeopleResponse(
            person=kept.person, faces=len(other.faces), sightings=5, joined_sightings=2, consents=1, ended_consents=1
        )
