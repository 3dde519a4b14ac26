"""The users of a collection: all faces of a person as one, which is what a search then finds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import structlog

from portero_server.engines.base import CallContext, PhotoRefused
from portero_server.engines.kept_faces import KeptFace, user_id
from portero_server.engines.rekognition.answers import Naming, unassociated
from portero_server.engines.rekognition.calls import RekognitionCalls
from portero_server.engines.rekognition.errors import CollectionFull, is_conflict, is_user_changed
from portero_server.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from types_boto3_rekognition.client import RekognitionClient

_log = structlog.get_logger(__name__)

_MOST_FACES = 100
"""Of one user, and in one AssociateFaces call."""
_ATTEMPTS = 3
"""An enrollment may meet the deletion of the user whose last face is being erased."""


class Users:
    """The users of one collection, each named after a person."""

    def __init__(self, client: RekognitionClient, collection_id: str, caller: RekognitionCalls) -> None:
        self._client = client
        self._collection_id = collection_id
        self._caller = caller
        self._refused: set[str] = set()

    async def join(self, person_id: str, face_id: str, context: CallContext) -> None:
        """Makes a face of the collection one of a person's; of one that is theirs already it stays so.

        Args:
            person_id: Who becomes a user of the collection with their first face.
            face_id: Rekognition's.
            context: The purpose of the calls.

        Raises:
            PhotoRefused: The face is unlike the person's others, or they have as many as one may have.
            EngineError: Rekognition could not be asked, or refuses.
        """
        refused = await self._join(person_id, [face_id], context)
        if face_id in refused:
            raise _refusal(refused[face_id])

    async def join_all(self, faces: Sequence[KeptFace], naming: Naming, context: CallContext) -> int:
        """Makes the faces that are somebody's here, and no user's, those of their persons.

        Returns:
            How many joined their person. A face that is unlike the person's others stays alone, is told of in the log,
            and is not tried again.

        Raises:
            EngineError: Rekognition could not be asked.
        """
        named = [(naming(face.external_id, face.image_id), face) for face in faces if face.user_id is None]
        lone = sorted(
            (name, face.external_id)
            for name, face in named
            if name is not None and face.external_id not in self._refused
        )
        joined = 0
        for person_id, group in groupby(lone, key=lambda each: each[0][0]):
            own = {external_id: face_id for (_, face_id), external_id in group}
            ids = list(own)
            for start in range(0, len(ids), _MOST_FACES):
                some = ids[start : start + _MOST_FACES]
                refused = await self._join(person_id, some, context)
                joined += len(some) - len(refused)
                self._refused.update(refused)
                for external_id, reasons in refused.items():
                    _log.warning("face_not_searched", face=own.get(external_id, ""), reasons=sorted(reasons))
        return joined

    async def _join(self, person_id: str, face_ids: Sequence[str], context: CallContext) -> dict[str, frozenset[str]]:
        """Associates faces with a user, who is created first. Returns the refused ones, each with reasons."""
        create = partial(self._client.create_user, CollectionId=self._collection_id, UserId=user_id(person_id))
        associate = partial(
            self._client.associate_faces,
            CollectionId=self._collection_id,
            UserId=user_id(person_id),
            FaceIds=face_ids,
        )
        for _ in range(_ATTEMPTS):
            await self._caller.call_unless("CreateUser", context, create, _ignored, is_conflict)
            try:
                refused = await self._caller.call_unless(
                    "AssociateFaces", context, associate, unassociated, is_user_changed
                )
            except CollectionFull:
                # It is the user that is full.
                return dict.fromkeys(face_ids, frozenset({_TOO_MANY}))
            if refused is not None:
                return refused
        raise EngineUnavailable("the faces of this person are being changed; try again")


def _ignored(_: object) -> None:
    """Reads an answer that says nothing."""


_TOO_MANY = "TOO_MANY_FACES"
_UNLIKE = "LOW_MATCH_CONFIDENCE"


def _refusal(reasons: frozenset[str]) -> Exception:
    if _UNLIKE in reasons:
        return PhotoRefused(
            "image", "the face is unlike this person's other photographs; is it theirs?", reason="OTHER_PERSON"
        )
    if _TOO_MANY in reasons:
        return PhotoRefused(
            "image", f"the person has {_MOST_FACES} photographs, the most there may be; delete some", reason=_TOO_MANY
        )
    return EngineError(f"Amazon Rekognition does not take the face for this person ({', '.join(sorted(reasons))})")
