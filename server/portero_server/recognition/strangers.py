"""Hands out the faces of strangers, so that they may be known again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.visitors import Stranger, StrangerFace
from portero_server.domain.tracking.track import Track
from portero_server.engines.base import FaceCrop
from portero_server.recognition.asking import Answered
from portero_server.recognition.frame_follower import Findings, Work
from portero_server.recognition.shots import Shot
from portero_server.recognition.tiered import TieredRecognizer
from portero_server.recognition.track_events import TrackEvents

_MOST_FACES = 3
"""Encodings kept of a track, the best: as many as calls are made for it."""
_PATIENCE = 2.0
"""Seconds for which the bridge may be told of a visitor: long enough for a commit and a comparison."""


class StrangerSink(Protocol):
    """Takes strangers whose visits are to be somebody's."""

    def trusts(self, width: float, height: float, quality: FaceQuality) -> bool:
        """Returns whether the encoding of a face may be handed out, given its sides in pixels."""
        ...

    def offer(self, stranger: Stranger) -> Awaitable[str | None]:
        """Takes a stranger at once. What it returns can be awaited for the visitor's id; None: nobody's."""
        ...


class StrangerFaces:
    """The faces of one stream's tracks, as long as these are nobody's. Without a sink it keeps nothing.

    They do not outlive a session: of a track that goes on in another one, only later faces are known.

    Attributes:
        sink: Who takes strangers; None: nobody does.
    """

    def __init__(self, recognizer: TieredRecognizer, told: TrackEvents, camera_id: str) -> None:
        """Creates the faces of one stream; `recognizer` encodes those that were not, `told` gets visitors."""
        self.sink: StrangerSink | None = None
        self._recognizer = recognizer
        self._told = told
        self._camera_id = camera_id
        self._faces: dict[str, list[StrangerFace]] = {}
        self._crops: dict[str, FaceCrop] = {}
        # Tracks that were handed out, or never will be.
        self._closed: set[str] = set()

    def keep(self, track: Track, shot: Shot) -> None:
        """Keeps the best shot of a track of which there is no encoding."""
        if not self._wants(track, shot) or track.track_id in self._faces:
            return
        best = self._crops.get(track.track_id)
        if best is None or shot.quality > best.quality.overall:
            self._crops[track.track_id] = shot.crop

    def learned(self, track: Track, shot: Shot, answered: Answered) -> None:
        """Keeps the encoding of a track's face that an answer has; somebody who may not be named is no stranger."""
        if answered.unnameable:
            self.refuse(track)
        if answered.encoding is None or not self._wants(track, shot):
            return
        faces = self._faces.setdefault(track.track_id, [])
        faces.append(StrangerFace(answered.encoding, shot.quality))
        faces.sort(key=lambda face: -face.quality)
        del faces[_MOST_FACES:]
        self._crops.pop(track.track_id, None)

    def decided(self, track: Track) -> Sequence[Work]:
        """Hands out a track that stays nobody's, and returns the work that tells its visitor."""
        if track.match is not None or not self._has(track):
            return ()
        self._closed.add(track.track_id)
        return [partial(self._tell, track, *self._taken(track))]

    def left(self, track: Track) -> Sequence[Work]:
        """Hands out a track that has ended as nobody's; returns the work that is left to do."""
        nobody = track.match is None and self._has(track)
        faces, crop = self._taken(track)
        self.drop(track)
        if not nobody:
            return ()
        if faces:
            # At once: the stream may end with it, and its work with the stream.
            self._offer(track, faces)
            return ()
        return [partial(self._part, track, faces, crop)]

    def drop(self, track: Track) -> None:
        """Forgets a track that was none, or that is over."""
        self._taken(track)
        self._closed.discard(track.track_id)
        self._told.forget_visitor(track)

    def refuse(self, track: Track) -> None:
        """Never hands out a track: it is somebody whom the gallery knows, and who may not be named."""
        self._taken(track)
        if self.sink is not None and not track.ended:
            self._closed.add(track.track_id)

    def _wants(self, track: Track, shot: Shot) -> bool:
        if self.sink is None or track.match is not None or track.unverified or not shot.clear:
            return False
        if track.track_id in self._closed:
            return False
        height, width = shot.crop.pixels.shape[:2]
        box = shot.crop.face
        return self.sink.trusts(box.width * width, box.height * height, shot.crop.quality)

    def _has(self, track: Track) -> bool:
        if track.track_id in self._closed:
            return False
        return track.track_id in self._faces or track.track_id in self._crops

    def _taken(self, track: Track) -> tuple[Sequence[StrangerFace], FaceCrop | None]:
        return self._faces.pop(track.track_id, ()), self._crops.pop(track.track_id, None)

    async def _tell(self, track: Track, faces: Sequence[StrangerFace], crop: FaceCrop | None) -> Findings | None:
        """Waits for the visitor of a track, and tells the bridge if the face is still there."""
        visitor = await self._met(track, faces, crop)
        if visitor is None or track.match is not None or track.ended or track.absent:
            return None
        self._told.known_as(track, visitor)
        return Findings(self._told.take())

    async def _part(self, track: Track, faces: Sequence[StrangerFace], crop: FaceCrop | None) -> None:
        faces = await self._encoded(faces, crop)
        if faces:
            self._offer(track, faces)

    async def _met(self, track: Track, faces: Sequence[StrangerFace], crop: FaceCrop | None) -> str | None:
        faces = await self._encoded(faces, crop)
        found = self._offer(track, faces) if faces else None
        if found is None:
            return None
        # The end of a stream waits for its work; the visit gets its visitor in any case.
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.shield(found)
        return None

    async def _encoded(self, faces: Sequence[StrangerFace], crop: FaceCrop | None) -> Sequence[StrangerFace]:
        if faces or crop is None:
            return faces
        encoded = await self._recognizer.encode(crop)
        return () if encoded is None else (StrangerFace(encoded.encoding, crop.quality.overall),)

    def _offer(self, track: Track, faces: Sequence[StrangerFace]) -> Awaitable[str | None] | None:
        if self.sink is None:
            return None
        return self.sink.offer(Stranger(track.track_id, self._camera_id, tuple(faces)))
