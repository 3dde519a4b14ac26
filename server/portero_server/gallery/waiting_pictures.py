"""Pictures of tracks that wait in memory until their sightings are stored: few, and not for long.

A picture is taken at once, and nothing waits for it. One that does not fit, comes too late or fails is missing, and a
server that is killed loses those of the last half minute.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from portero_server.clock import Clock
from portero_server.domain.recording.review_pictures import PictureOutcome, PictureRank
from portero_server.errors import PorteroError, StoreUnavailable

_log = structlog.get_logger(__name__)

MOST_WAITING = 256
_PATIENCE = 30.0
"""Seconds after which no sighting is expected any more."""
_POLL = 1.0
"""Seconds between two looks for sightings that nobody told of."""
_COUNTED = 60.0
"""Seconds between two counts of what is stored."""


class TakenPicture(Protocol):
    """A picture of a track, as far as its waiting needs it."""

    @property
    def rank(self) -> PictureRank:
        """How good it is."""
        ...

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        ...

    @property
    def face_side(self) -> int:
        """The shorter side of the face in it, pixels."""
        ...


class PictureObserver(Protocol):
    """Is told what becomes of pictures, for metrics."""

    def picture_offered(self, outcome: PictureOutcome) -> None:
        """Counts what became of a picture."""
        ...

    def pictures_wait(self, size: int) -> None:
        """Sets how many bytes wait in memory."""
        ...


_P = TypeVar("_P", bound=TakenPicture)


@dataclass(slots=True)
class _Waiting(Generic[_P]):
    picture: _P
    settles: float
    closed: bool = False


class WaitingPictures(Generic[_P]):
    """Takes the pictures of all streams, and has the best one of each track stored; `run` does the work.

    It implements `recognition.track_pictures.PictureSink`. What is stored, and how, is a matter of subclasses.
    """

    def __init__(
        self, clock: Clock, observer: PictureObserver, *, kind: str, least_side: int, settles: float, most_bytes: int
    ) -> None:
        """Creates the work of one server.

        Args:
            clock: The server's clock.
            observer: Is told what became of them.
            kind: What they are called in logs.
            least_side: Shorter side of a face, pixels; a picture of a smaller one is not taken.
            settles: Seconds for which a picture is held back for a better one of its track, unless that has ended.
            most_bytes: Bytes of the pictures that wait in memory, all together.
        """
        self._clock = clock
        self._observer = observer
        self._kind = kind
        self._least_side = least_side
        self._settles = settles
        self._most_bytes = most_bytes
        self._waiting: dict[str, _Waiting[_P]] = {}
        self._bytes = 0
        self._changed = asyncio.Event()

    async def stored(self, track_id: str, picture: _P) -> PictureOutcome | None:
        """Stores a picture. Returns what became of it, UNSTORED until its sighting is stored; None: it was dropped.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        raise NotImplementedError

    async def count(self) -> None:
        """Has metrics show what is stored. Raises StoreUnavailable."""
        raise NotImplementedError

    def offer(self, track_id: str, picture: _P) -> None:
        """Takes the picture of a track, if it is better than the one that waits."""
        if picture.face_side < self._least_side:
            self._observer.picture_offered(PictureOutcome.SMALL)
            return
        earlier = self._waiting.get(track_id)
        if earlier is not None and earlier.picture.rank >= picture.rank:
            return
        freed = 0 if earlier is None else earlier.picture.size
        if self._bytes - freed + picture.size > self._most_bytes or (
            earlier is None and len(self._waiting) >= MOST_WAITING
        ):
            self._observer.picture_offered(PictureOutcome.DROPPED)
            return
        self._count_bytes(picture.size - freed)
        if earlier is None:
            self._waiting[track_id] = _Waiting(picture, self._clock.monotonic() + self._settles)
        else:
            earlier.picture = picture
        self._changed.set()

    def closed(self, track_id: str) -> None:
        """Stores the picture of a track as soon as its sighting is stored: no better one comes."""
        waiting = self._waiting.get(track_id)
        if waiting is not None and not waiting.closed:
            waiting.closed, waiting.settles = True, self._clock.monotonic()
            self._changed.set()

    def drop(self, track_id: str) -> None:
        """Forgets the picture of a track."""
        self._let_go(track_id)

    def notify(self, position: int) -> None:
        """Says that events up to a position exist, and so, maybe, sightings that are waited for."""
        if self._waiting:
            self._changed.set()

    async def run(self) -> None:
        """Works until canceled."""
        counted = -_COUNTED
        while True:
            self._changed.clear()
            try:
                await self.round()
                if (now := self._clock.monotonic()) - counted >= _COUNTED:
                    counted = now
                    await self.count()
            except PorteroError as error:
                _log.warning(f"{self._kind}s_wait_for_database", reason=error.reason)
                await asyncio.sleep(_POLL)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL if self._waiting else _COUNTED):
                    await self._changed.wait()

    async def round(self) -> None:
        """Looks once for the sighting of each picture that is due. Raises StoreUnavailable."""
        for track_id, waiting in tuple(self._waiting.items()):
            now, picture = self._clock.monotonic(), waiting.picture
            if now < waiting.settles or self._waiting.get(track_id) is not waiting:
                continue
            late = now >= waiting.settles + _PATIENCE
            outcome = PictureOutcome.UNSTORED if late else await self._tried(track_id, picture)
            if outcome is PictureOutcome.UNSTORED and not late:
                continue
            # A better one may have come meanwhile, or the track may be nobody's to look at any more.
            if self._waiting.get(track_id) is waiting and waiting.picture is picture:
                self._let_go(track_id)
            if outcome is not None:
                self._observer.picture_offered(outcome)

    def is_wanted(self, track_id: str) -> bool:
        """Returns whether the picture of a track was not dropped meanwhile."""
        return track_id in self._waiting

    async def _tried(self, track_id: str, picture: _P) -> PictureOutcome | None:
        try:
            return await self.stored(track_id, picture)
        except StoreUnavailable:
            raise
        except PorteroError as error:
            _log.warning(f"{self._kind}_not_kept", reason=error.reason)
            return PictureOutcome.FAILED

    def _let_go(self, track_id: str) -> None:
        waiting = self._waiting.pop(track_id, None)
        if waiting is not None:
            self._count_bytes(-waiting.picture.size)

    def _count_bytes(self, size: int) -> None:
        self._bytes += size
        self._observer.pictures_wait(self._bytes)
