"""Keeps the pictures that people need for their reviews, away from the frames and after their commits.

A picture is taken at once, and stored sealed when its sighting is stored and turns out to be doubtful. Nothing waits
for it: one that does not fit, comes too late or fails is missing, and a server that is killed loses those of the last
half minute.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.errors import FailedPrecondition, NotFound, PorteroError, StoreUnavailable
from portero_server.store.review_pictures import PicturesHeld, SealedPicture
from portero_server.telemetry.picture_metrics import PictureMetrics
from portero_server.vault.sealing import PictureSeal, SealBroken
from portero_server.vision.face_picture import FacePicture, small_jpeg

_log = structlog.get_logger(__name__)

_MOST_WAITING = 256
_MOST_BYTES = 64 * 2**20
"""Bytes in memory of the pictures that wait; one of a face of 100 pixels takes 150 kB."""
_SETTLED = 30.0
"""Seconds after which a picture is not held back any longer for a better one: long after its track was decided."""
_PATIENCE = 30.0
"""Seconds more after which no sighting is expected any more."""
_POLL = 1.0
"""Seconds between two looks for sightings that nobody told of."""
_COUNTED = 60.0
"""Seconds between two counts of what is stored."""
_MOST_STORED = 48 * 1024
"""Bytes of a stored picture at most: a BLOB of MySQL holds 64 KiB, and it must pass a small `max_allowed_packet`."""


class PicturePlace(Protocol):
    """Stores pictures (`store/review_pictures.py`)."""

    async def refusal(self, track_id: str, taken_at: datetime) -> PictureOutcome | None:
        """Returns why a picture of a track, taken then, is not kept now; None: it may be."""
        ...

    async def keep(self, picture: SealedPicture) -> PictureOutcome:
        """Stores a picture if it may be kept, and returns what became of it."""
        ...

    async def get(self, sighting_id: str) -> SealedPicture | None:
        """Returns the best picture of a sighting that may be shown now."""
        ...

    async def held(self) -> PicturesHeld:
        """Returns how many pictures are stored."""
        ...


@dataclass(slots=True)
class _Waiting:
    picture: FacePicture
    settles: float
    closed: bool = False


class PictureKeeper:
    """Takes the pictures of all streams, and stores those that a person should look at; `run` does the work.

    It implements `recognition.track_pictures.PictureSink`.
    """

    def __init__(
        self,
        place: PicturePlace,
        seal: PictureSeal,
        clock: Clock,
        metrics: PictureMetrics,
        *,
        least_side: int,
        most_side: int,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        """Creates the work of one server.

        Args:
            place: Stores them.
            seal: Makes them unreadable for others.
            clock: The server's clock.
            metrics: Counts what became of them.
            least_side: Shorter side of a face, pixels; of a smaller one no picture is kept.
            most_side: Longer side of a stored picture, pixels.
            most_bytes: Bytes of the pictures that wait in memory, all together.
        """
        self._place = place
        self._seal = seal
        self._clock = clock
        self._metrics = metrics
        self._least_side = least_side
        self._most_side = most_side
        self._most_bytes = most_bytes
        self._waiting: dict[str, _Waiting] = {}
        self._bytes = 0
        self._changed = asyncio.Event()

    def offer(self, track_id: str, picture: FacePicture) -> None:
        """Takes the picture of a track, if it is better than the one that waits."""
        if picture.face_side < self._least_side:
            self._metrics.picture_offered(PictureOutcome.SMALL)
            return
        earlier = self._waiting.get(track_id)
        if earlier is not None and earlier.picture.rank >= picture.rank:
            return
        freed = 0 if earlier is None else earlier.picture.size
        if self._bytes - freed + picture.size > self._most_bytes or (
            earlier is None and len(self._waiting) >= _MOST_WAITING
        ):
            self._metrics.picture_offered(PictureOutcome.DROPPED)
            return
        self._count(picture.size - freed)
        if earlier is None:
            self._waiting[track_id] = _Waiting(picture, self._clock.monotonic() + _SETTLED)
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
        waiting = self._waiting.pop(track_id, None)
        if waiting is not None:
            self._count(-waiting.picture.size)

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
                    stored = await self._place.held()
                    self._metrics.pictures_stored(stored.count, stored.size)
            except PorteroError as error:
                _log.warning("review_pictures_wait_for_database", reason=error.reason)
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
            outcome = PictureOutcome.UNSTORED if late else await self._stored(track_id, picture)
            if outcome is PictureOutcome.UNSTORED and not late:
                continue
            # A better one may have come meanwhile, or the track may be nobody's to look at any more.
            if self._waiting.get(track_id) is waiting and waiting.picture is picture:
                self.drop(track_id)
            if outcome is not None:
                self._metrics.picture_offered(outcome)

    async def _stored(self, track_id: str, picture: FacePicture) -> PictureOutcome | None:
        """Stores a picture. Returns what became of it; None: it was dropped meanwhile."""
        try:
            refused = await self._place.refusal(track_id, picture.taken_at)
            if refused is not None:
                return refused
            sealed = await asyncio.to_thread(self._sealed, track_id, picture)
            if sealed is None:
                return PictureOutcome.FAILED
            if track_id not in self._waiting:
                return None
            return await self._place.keep(SealedPicture(track_id, picture.rank, picture.taken_at, sealed))
        except StoreUnavailable:
            raise
        except PorteroError as error:
            _log.warning("review_picture_not_kept", reason=error.reason)
            return PictureOutcome.FAILED

    def _sealed(self, track_id: str, picture: FacePicture) -> bytes | None:
        encoded = small_jpeg(picture.pixels, self._most_side, _MOST_STORED)
        return None if encoded is None else self._seal.seal(track_id, encoded)

    def _count(self, size: int) -> None:
        self._bytes += size
        self._metrics.pictures_wait(self._bytes)


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture to be looked at.

    Attributes:
        jpeg: A JPEG file.
        taken_at: When it was captured, UTC.
        quality: Quality of the shot, 0..1.
        expires_at: From when on it is not shown any more, UTC.
    """

    jpeg: bytes
    taken_at: datetime
    quality: float
    expires_at: datetime


class PictureReader:
    """Reads stored pictures, and opens them."""

    def __init__(
        self, place: PicturePlace, seal: PictureSeal | None, metrics: PictureMetrics, *, span: timedelta
    ) -> None:
        """Creates it.

        Args:
            place: Where they are.
            seal: Opens them; None: this server has no keys.
            metrics: Counts those that are shown.
            span: How long one is shown.
        """
        self._place = place
        self._seal = seal
        self._metrics = metrics
        self._span = span

    async def show(self, sighting_id: str) -> ShownPicture:
        """Returns the picture of a sighting.

        Raises:
            NotFound: NO_PICTURE, there is none, or none that may be shown.
            FailedPrecondition: PICTURES_OFF, this server has no keys; PICTURE_OF_OTHER_KEY or PICTURE_DAMAGED, they do
                not open it.
        """
        if self._seal is None:
            raise FailedPrecondition(
                "this server opens no pictures: set PORTERO_REVIEW_PICTURES_KEY_FILE", reason="PICTURES_OFF"
            )
        stored = await self._place.get(sighting_id)
        if stored is None or stored.kept_at is None:
            raise NotFound(f"sightings/{sighting_id}/picture", reason="NO_PICTURE")
        try:
            jpeg = await asyncio.to_thread(self._seal.open, stored.track_id, stored.sealed)
        except SealBroken as broken:
            raise FailedPrecondition(broken.message, reason=broken.reason) from None
        self._metrics.picture_shown()
        return ShownPicture(jpeg, stored.taken_at, stored.rank.quality, stored.kept_at + self._span)
