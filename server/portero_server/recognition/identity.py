"""Compares the face of a candidate with those of the tracks that it may continue."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from portero_server.domain.tracking.doubts import Doubt, Doubtful
from portero_server.domain.tracking.track import Track
from portero_server.domain.tracking.tracks import Tracker
from portero_server.engines.base import FaceCrop
from portero_server.recognition.shots import Shot
from portero_server.recognition.tiered import TieredRecognizer
from portero_server.recognition.track_events import TrackEvents

_MOST_ENCODINGS = 5
"""Encodings kept of a track, the newest: light and pose change over a long stay."""


@dataclass(slots=True)
class TrackFaces:
    """What is known of one track's face.

    Attributes:
        encodings: Embeddings of the face from several looks.
        crop: The best crop that is not encoded, while there is no encoding. Not the shot, which holds a whole frame.
    """

    track: Track
    encodings: deque[tuple[float, ...]] = field(default_factory=lambda: deque(maxlen=_MOST_ENCODINGS))
    crop: FaceCrop | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class KnownFaces:
    """The faces of the tracks of one camera. They outlive a session, as its tracks do."""

    def __init__(self) -> None:
        self._faces: dict[str, TrackFaces] = {}

    def __len__(self) -> int:
        return len(self._faces)

    def resume(self, tracks: Sequence[Track]) -> None:
        """Goes on with these tracks, and forgets all others."""
        known = self._faces
        self._faces = {}
        for track in tracks:
            if (faces := known.get(track.track_id)) is not None:
                faces.track = track
                self._faces[track.track_id] = faces

    def of(self, track: Track) -> TrackFaces:
        """Returns what is known of a track's face, to be added to."""
        faces = self._faces.get(track.track_id)
        if faces is None:
            faces = self._faces[track.track_id] = TrackFaces(track)
        return faces

    def drop(self, track: Track) -> None:
        """Forgets the face of a track."""
        self._faces.pop(track.track_id, None)

    @property
    def people(self) -> set[str]:
        """Returns the ids of the people whose faces are known by name."""
        matches = [faces.track.match for faces in self._faces.values()]
        return {match.person_id for match in matches if match is not None}

    def forget(self, people: Collection[str]) -> None:
        """Removes the faces of people who may no longer be named."""
        self._faces = {
            name: faces
            for name, faces in self._faces.items()
            if faces.track.match is None or faces.track.match.person_id not in people
        }


@dataclass(frozen=True, slots=True)
class Settled:
    """What the comparison of a candidate led to.

    Attributes:
        shot: What was compared, with its encoding, if there is one.
        continued: The track that continues, since the candidate has its face.
        apart: Whether the candidate is somebody else.
    """

    shot: Shot
    continued: Track | None = None
    apart: bool = False


class IdentityChecks:
    """Keeps the faces of one camera's tracks, and compares those of candidates with them: one at a time each.

    Without an identity policy it keeps nothing, and there are no candidates.
    """

    def __init__(self, recognizer: TieredRecognizer, tracker: Tracker, known: KnownFaces, told: TrackEvents) -> None:
        """Creates the checks of one session.

        Args:
            recognizer: Encodes faces.
            tracker: Decides what a comparison says.
            known: The faces of the camera's tracks.
            told: Gathers doubts, and what came of them.
        """
        self._recognizer = recognizer
        self._tracker = tracker
        self._known = known
        self._told = told
        self._policy = tracker.policy.identity
        self._open: set[str] = set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def wanted(self) -> bool:
        """Whether faces are compared at all."""
        return self._policy is not None

    def keep(self, track: Track, shot: Shot) -> None:
        """Keeps a shot of a track, to be encoded when its face must be compared."""
        if self._policy is None or track.unverified or not shot.clear:
            return
        faces = self._known.of(track)
        if not faces.encodings and (faces.crop is None or shot.quality > faces.crop.quality.overall):
            faces.crop = shot.crop

    def learned(self, track: Track, encoding: tuple[float, ...] | None) -> None:
        """Records an encoding of a track's face, if there is one."""
        if self._policy is not None and encoding is not None and not track.ended:
            faces = self._known.of(track)
            faces.encodings.append(encoding)
            faces.crop = None

    def doubt(self, doubted: Doubtful) -> None:
        """Reports that another face may be where a track was, unless it is only time for a comparison."""
        if doubted.doubt is not Doubt.ROUTINE:
            self._told.doubted(doubted.track)

    def begin(self, candidate: Track, shot: Shot) -> bool:
        """Returns whether to compare a shot now; the caller then calls `compare`."""
        if self._policy is None or candidate.track_id in self._open:
            return False
        if not shot.clear or shot.quality < self._policy.least_quality:
            return False
        self._open.add(candidate.track_id)
        return True

    def checking(self, candidate: Track) -> bool:
        """Returns whether the candidate's face is being compared."""
        return candidate.track_id in self._open

    async def compare(self, candidate: Track, shot: Shot) -> Settled:
        """Compares a candidate's face with those of the suspended tracks, as far as they are known.

        Returns:
            What came of it. If the face cannot be encoded, the candidate is taken for somebody else.
        """
        try:
            suspended = self._tracker.suspended
            # At once, so that they share a batch.
            encoded, known = await asyncio.gather(
                self._recognizer.encode(shot.crop), asyncio.gather(*(self._encodings(track) for track in suspended))
            )
        finally:
            self._open.discard(candidate.track_id)
        if encoded is None:
            self._told.checked(candidate, "unavailable")
            return Settled(shot, apart=True)
        distances = {
            track.track_id: min(math.dist(each, encoded.encoding) for each in encodings)
            for track, encodings in zip(suspended, known, strict=True)
            if encodings
        }
        shot = replace(shot, encoded=encoded)
        same = self._tracker.compared(candidate, shot.frame.sequence, distances, shot.quality)
        if same is None:
            self._told.checked(candidate, "unsure")
            return Settled(shot)
        if same is candidate:
            self._told.checked(candidate, "different")
            self.learned(candidate, encoded.encoding)
            return Settled(shot, apart=True)
        self._told.checked(candidate, "same")
        self._tracker.rejoin(candidate, same)
        self._known.drop(candidate)
        self.learned(same, encoded.encoding)
        self._told.rejoined(candidate, same)
        return Settled(shot, continued=same)

    def forget(self, track: Track) -> None:
        """Forgets the face of a track that has ended."""
        self._known.drop(track)

    async def _encodings(self, track: Track) -> Sequence[tuple[float, ...]]:
        faces = self._known.of(track)
        # Two candidates may need it at once; the second waits for what the first has made.
        async with faces.lock:
            if not faces.encodings and faces.crop is not None:
                encoded = await self._recognizer.encode(faces.crop)
                if encoded is not None:
                    faces.encodings.append(encoded.encoding)
                faces.crop = None
        return tuple(faces.encodings)
