"""Keeps the pictures that people need for their reviews, away from the frames and after their commits.

A picture is taken at once, and stored sealed when its sighting is stored and turns out to be doubtful.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from portero_server.clock import Clock
from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.gallery.waiting_pictures import WaitingPictures
from portero_server.store.review_pictures import PicturesHeld, SealedPicture
from portero_server.telemetry.picture_metrics import PictureMetrics
from portero_server.vault.sealing import PictureSeal, SealBroken
from portero_server.vision.face_picture import FacePicture, small_jpeg

_MOST_BYTES = 64 * 2**20
"""Bytes in memory of the pictures that wait; one of a face of 100 pixels takes 150 kB."""
_SETTLED = 30.0
"""Seconds after which a picture is not held back any longer for a better one: long after its track was decided."""
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


class PictureKeeper(WaitingPictures[FacePicture]):
    """Takes the pictures of all streams, and stores those that a person should look at; `run` does the work."""

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
        super().__init__(
            clock, metrics, kind="review_picture", least_side=least_side, settles=_SETTLED, most_bytes=most_bytes
        )
        self._place = place
        self._seal = seal
        self._metrics = metrics
        self._most_side = most_side

    async def count(self) -> None:
        """Has metrics show how many pictures are stored. Raises StoreUnavailable."""
        held = await self._place.held()
        self._metrics.pictures_stored(held.count, held.size)

    async def stored(self, track_id: str, picture: FacePicture) -> PictureOutcome | None:
        """Stores a picture. Returns what became of it; None: it was dropped meanwhile."""
        refused = await self._place.refusal(track_id, picture.taken_at)
        if refused is not None:
            return refused
        sealed = await asyncio.to_thread(self._sealed, track_id, picture)
        if sealed is None:
            return PictureOutcome.FAILED
        if not self.is_wanted(track_id):
            return None
        return await self._place.keep(SealedPicture(track_id, picture.rank, picture.taken_at, sealed))

    def _sealed(self, track_id: str, picture: FacePicture) -> bytes | None:
        encoded = small_jpeg(picture.pixels, self._most_side, _MOST_STORED)
        return None if encoded is None else self._seal.seal(track_id, encoded)


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
