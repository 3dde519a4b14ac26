"""Hands out the pictures of faces that were compared, for people who review what was decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from portero_server.domain.detection.detections import Match
from portero_server.domain.recording.review_pictures import PictureRank
from portero_server.domain.tracking.track import Track
from portero_server.recognition.asking import Answered
from portero_server.recognition.frame_follower import Work
from portero_server.recognition.shots import Shot
from portero_server.recognition.strangers import StrangerFaces, StrangerSink
from portero_server.vision.face_picture import FacePicture
from portero_server.vision.snapshots import Scene

_P = TypeVar("_P", contravariant=True)
_T = TypeVar("_T")


class PictureSink(Protocol[_P]):
    """Takes the pictures of tracks. It keeps the best one of each in memory until the sighting is stored."""

    def offer(self, track_id: str, picture: _P) -> None:
        """Takes a picture at once; never waits and never fails."""
        ...

    def closed(self, track_id: str) -> None:
        """A track has ended: no better picture is expected of it."""
        ...

    def drop(self, track_id: str) -> None:
        """Forgets the picture of a track: nobody may look at it."""
        ...


class TrackPictures(StrangerFaces, Generic[_T]):
    """Stands before the strangers' faces of one stream, and passes everything on to them.

    A picture is of the very shot that was sent. So nothing is done for a frame, and what a person sees is what the
    decision was made from.
    """

    def __init__(
        self, inner: StrangerFaces, sink: PictureSink[_T], taken: Callable[[Shot, Answered], _T | None]
    ) -> None:
        """Creates what stands before `inner`; `sink` takes the pictures that `taken` makes of shots, if any."""
        self._inner = inner
        self._taken_of = taken
        self._pictures = sink
        # Tracks of somebody whom the gallery knows, and who may not be named.
        self._refused: set[str] = set()
        # How many shots of a track had no face, by the last answer.
        self._faceless: dict[str, int] = {}

    @property
    def sink(self) -> StrangerSink | None:
        """Who takes strangers; None: nobody does."""
        return self._inner.sink

    @sink.setter
    def sink(self, sink: StrangerSink | None) -> None:
        self._inner.sink = sink

    def keep(self, track: Track, shot: Shot) -> None:
        """Keeps the best shot of a track of which there is no encoding."""
        self._inner.keep(track, shot)

    def learned(self, track: Track, shot: Shot, answered: Answered) -> None:
        """Hands out the picture that an answer is about, unless it shows no face, or somebody who may not be named."""
        self._inner.learned(track, shot, answered)
        if answered.unnameable:
            self._refuse(track)
        shows_face = track.faceless == self._faceless.get(track.track_id, 0)
        if not track.ended:
            self._faceless[track.track_id] = track.faceless
        if shows_face and track.track_id not in self._refused and not answered.unnameable:
            if (picture := self._taken_of(shot, answered)) is not None:
                self._pictures.offer(track.track_id, picture)
            if track.ended:
                self._pictures.closed(track.track_id)

    def decided(self, track: Track) -> Sequence[Work]:
        """Hands out a track that stays nobody's, and returns the work that tells its visitor."""
        return self._inner.decided(track)

    def left(self, track: Track) -> Sequence[Work]:
        """Says that no better picture is expected, and hands out a track that has ended as nobody's."""
        self._pictures.closed(track.track_id)
        self._refused.discard(track.track_id)
        self._faceless.pop(track.track_id, None)
        return self._inner.left(track)

    def drop(self, track: Track) -> None:
        """Forgets a track that was none."""
        self._pictures.drop(track.track_id)
        self._refused.discard(track.track_id)
        self._faceless.pop(track.track_id, None)
        self._inner.drop(track)

    def refuse(self, track: Track) -> None:
        """Never hands out a track: it is somebody whom the gallery knows, and who may not be named."""
        self._refuse(track)
        self._inner.refuse(track)

    def _refuse(self, track: Track) -> None:
        self._pictures.drop(track.track_id)
        if not track.ended:
            self._refused.add(track.track_id)


def face_picture(shot: Shot, answered: Answered) -> FacePicture:
    """Returns the picture of the face of a shot, ranked by what was answered."""
    height, width = shot.crop.pixels.shape[:2]
    face = shot.crop.face
    return FacePicture(
        pixels=shot.crop.pixels,
        face_side=round(min(face.width * width, face.height * height)),
        taken_at=shot.frame.captured_at,
        rank=_rank(shot, answered),
    )


def scene_of(shot: Shot, answered: Answered) -> Scene | None:
    """Returns the frame of a shot, ranked by what was answered; None: it is not at hand any more."""
    pixels = shot.look.pixels
    # The face as the look found it: the shot knows only where it is in what was cut out.
    own = next((face for face in shot.look.faces if face.quality is shot.crop.quality), None)
    camera_id = shot.crop.context.camera_id
    if pixels is None or own is None or camera_id is None:
        return None
    return Scene(
        pixels=pixels,
        face=own.box,
        others=tuple(face.box for face in shot.look.faces if face is not own),
        zones=tuple(shot.frame.zones),
        camera_id=camera_id,
        taken_at=shot.frame.captured_at,
        rank=_rank(shot, answered),
    )


def _rank(shot: Shot, answered: Answered) -> PictureRank:
    match = _said(answered)
    return PictureRank(0.0 if match is None else match.similarity, shot.quality)


def _said(answered: Answered) -> Match | None:
    weighed = answered.weighed
    if weighed.match is not None or weighed.evidence is None:
        return weighed.match
    return weighed.evidence.match
