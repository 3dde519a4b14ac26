"""Builds what keeps pictures for reviews, if the settings say so, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.domain.recording.review_pictures import PictureRules
from portero_server.errors import StartupProblem
from portero_server.gallery.review_pictures import PictureKeeper, PictureReader
from portero_server.recognition.follower import Follower
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.recognition.track_pictures import TrackPictures, face_picture
from portero_server.store.review_pictures import ReviewPictureStore
from portero_server.vault.keys import read_keys
from portero_server.vault.sealing import PictureSeal
from portero_server.watching.listeners import EventListeners

_log = structlog.get_logger(__name__)

Capture = Callable[[str, FrameFollower], FrameFollower]


@dataclass(frozen=True, slots=True)
class PictureParts:
    """What reads pictures, and what keeps them; `keeper` is None if none is kept."""

    store: ReviewPictureStore
    reader: PictureReader
    keeper: PictureKeeper | None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [] if self.keeper is None else [self.keeper.run()]

    def capture(self, inner: Capture) -> Capture:
        """Returns what prepares the follower of a stream: `inner` itself, unless pictures are taken."""
        keeper = self.keeper
        if keeper is None:
            return inner

        def prepared(camera_id: str, follower: FrameFollower) -> FrameFollower:
            if isinstance(follower, Follower):
                follower.strangers = TrackPictures(follower.strangers, keeper, face_picture)
            return inner(camera_id, follower)

        return prepared

    def listens_to(self, listeners: EventListeners) -> None:
        """Has it told of events: sightings that pictures wait for may come with them."""
        if self.keeper is not None:
            listeners.add(self.keeper)


def build(context: BuildContext, stores: Stores) -> PictureParts:
    """Builds it from the settings.

    Raises:
        StartupProblem: The key file cannot be used, or no decisions are kept, without which nothing is reviewed.
    """
    settings, clock, metrics = context.settings, context.clock, context.metrics.pictures
    path, span = settings.review_pictures_key_file, settings.review_picture_span
    rules = PictureRules(
        frozenset((*settings.review_pictures_forbidden_sites, *settings.visitor_forbidden_sites)),
        settings.consent_required,
    )
    store = ReviewPictureStore(stores.database, clock, rules, span=span, most=settings.review_pictures_limit)
    seal = None if path is None else PictureSeal(read_keys(path, "PORTERO_REVIEW_PICTURES_KEY_FILE"))
    reader = PictureReader(store, seal, metrics, span=span)
    if not settings.review_pictures or seal is None:
        return PictureParts(store, reader, None)
    if not settings.keep_decisions:
        raise StartupProblem(
            "PORTERO_REVIEW_PICTURES needs PORTERO_KEEP_DECISIONS: without decisions no sighting waits to be reviewed"
        )
    _log.info("review_pictures_are_kept", hours=settings.retention_review_pictures_hours)
    keeper = PictureKeeper(
        store,
        seal,
        clock,
        metrics,
        least_side=settings.review_pictures_least_side,
        most_side=settings.review_pictures_most_side,
    )
    return PictureParts(store, reader, keeper)
