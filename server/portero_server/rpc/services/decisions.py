"""Implements DecisionService: what decisions saw, what other thresholds would have decided, and what people say."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

from portero.v1 import decision_service_pb2 as pb
from portero.v1 import decision_service_pb2_grpc
from portero.v1.sighting_service_pb2 import Sighting

from portero_server.access.authorized_cameras import CameraList, Sites
from portero_server.clock import Clock
from portero_server.domain.people.privacy import checked_words
from portero_server.domain.recording.reviews import MOST_NOTE, ReviewAction
from portero_server.domain.tracking.recommendation import recommended
from portero_server.errors import InvalidInput
from portero_server.gallery.review_pictures import PictureReader
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.what_if import Replays
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import sighting_to_proto, time_from_proto
from portero_server.rpc.decision_convert import (
    action_from_proto,
    decision_to_proto,
    picture_to_proto,
    queue_reason_from_proto,
    queued_to_proto,
    replay_to_proto,
    review_to_proto,
)
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.requests import Context
from portero_server.rpc.resource_names import parse_camera, parse_person, parse_review, parse_sighting
from portero_server.store.decisions import DecisionCursor, DecisionFilter, DecisionStore
from portero_server.store.review_pictures import ReviewPictureStore
from portero_server.store.sighting_reviews import ReviewCursor, Reviewed, ReviewFilter, SightingReviewStore
from portero_server.store.sightings import SightingCursor, SightingFilter, SightingStore

_MOST_THRESHOLDS = 50
_MOST_SITE = 63


class DecisionServicer(decision_service_pb2_grpc.DecisionServiceServicer):
    """Reads stored decisions, replays them, and takes in what people say of sightings."""

    def __init__(
        self,
        decisions: DecisionStore,
        replays: Replays,
        reviews: Reviews,
        made: SightingReviewStore,
        sightings: SightingStore,
        cameras: CameraList,
        reader: PictureReader,
        pictures: ReviewPictureStore,
        clock: Clock,
    ) -> None:
        self._decisions = decisions
        self._replays = replays
        self._reviews = reviews
        self._made = made
        self._sightings = sightings
        self._cameras = cameras
        self._reader = reader
        self._pictures = pictures
        self._clock = clock

    async def ListDecisions(self, request: pb.ListDecisionsRequest, context: Context) -> pb.ListDecisionsResponse:
        """Lists decisions, oldest first."""
        size = checked_page_size(request.page_size)
        start, end = _span(request)
        which = DecisionFilter(
            sighting_id=parse_sighting(request.sighting, "sighting") if request.sighting else None,
            start=start,
            end=end,
            within=_cameras(request.camera, current_caller().authorized.cameras),
        )
        listing = Listing("decisions", (request.camera, request.sighting, *_texts(start, end)))
        after = _place(listing.cursor(request.page_token, parts=2))
        found = await self._decisions.list(which, size + 1, None if after is None else DecisionCursor(*after))
        page, last = cut(found, size)
        names = await self._decisions.names(page)
        return pb.ListDecisionsResponse(
            decisions=[decision_to_proto(each, names) for each in page],
            next_page_token=listing.token([last.captured_at.isoformat(), last.recognition_id]) if last else "",
        )

    async def WhatIfThresholds(
        self, request: pb.WhatIfThresholdsRequest, context: Context
    ) -> pb.WhatIfThresholdsResponse:
        """Replays decisions by other thresholds."""
        thresholds = _checked_thresholds(request)
        margin = request.margin_threshold if request.HasField("margin_threshold") else None
        if margin is not None and not (isfinite(margin) and 0.0 <= margin <= 1.0):
            raise InvalidInput("margin_threshold", "margin_threshold must be 0 to 1")
        if len(request.site) > _MOST_SITE:
            raise InvalidInput("site", f"site must be at most {_MOST_SITE} characters")
        start, end = _span(request)
        within = _cameras(request.camera, current_caller().authorized.cameras)
        if request.site:
            # Not kept: a caller may name any number of sites.
            of_site = await Sites(self._cameras, self._clock).cameras_of(request.site)
            within = of_site if within is None else within & of_site
        which = DecisionFilter(start=start, end=end, within=within)
        replays, count = await self._replays.replay(which, thresholds, margin)
        alone = len(replays) == 1
        best = recommended([each.tried for each in replays]) if thresholds else None
        return pb.WhatIfThresholdsResponse(
            results=[replay_to_proto(each, with_changes=alone) for each in replays],
            decisions=count,
            recommended_threshold=None if best is None else best.threshold,
        )

    async def ListReviewQueue(self, request: pb.ListReviewQueueRequest, context: Context) -> pb.ListReviewQueueResponse:
        """Lists sightings that a person should look at, latest first."""
        size = checked_page_size(request.page_size)
        start, end = _span(request)
        which = SightingFilter(
            camera_id=parse_camera(request.camera, "camera") if request.camera else None,
            start=start,
            end=end,
            within=current_caller().authorized.cameras,
        )
        reasons = frozenset(queue_reason_from_proto(each, "reasons") for each in request.reasons)
        listing = Listing("reviewQueue", (request.camera, *_texts(start, end), *sorted(each.value for each in reasons)))
        after = _place(listing.cursor(request.page_token, parts=2))
        page = await self._reviews.queue(which, size, None if after is None else SightingCursor(*after), reasons)
        names = await self._decisions.names([each for queued in page.queued for each in queued.decisions])
        pictured = await self._pictures.having([each.sighting.sighting_id for each in page.queued])
        next_after = page.after
        token = "" if next_after is None else listing.token([next_after.first_seen.isoformat(), next_after.sighting_id])
        return pb.ListReviewQueueResponse(
            sightings=[
                queued_to_proto(each, names, has_picture=each.sighting.sighting_id in pictured) for each in page.queued
            ],
            next_page_token=token,
        )

    async def GetReviewPicture(
        self, request: pb.GetReviewPictureRequest, context: Context
    ) -> pb.GetReviewPictureResponse:
        """Returns the picture of a sighting of the queue."""
        sighting = await self._sightings.get(parse_sighting(request.name, "name"))
        await current_caller().authorized.require(sighting.camera_id)
        return picture_to_proto(await self._reader.show(sighting.sighting_id))

    async def ReviewSighting(self, request: pb.ReviewSightingRequest, context: Context) -> pb.ReviewSightingResponse:
        """Stores what a person says of a sighting."""
        action = action_from_proto(request.action, "action")
        sighting = await self._sightings.get(parse_sighting(request.name, "name"))
        caller = current_caller()
        await caller.authorized.require(sighting.camera_id)
        if action is ReviewAction.IGNORE and request.person:
            raise InvalidInput("person", "person must be empty where a sighting is ignored")
        person_id = None if action is ReviewAction.IGNORE else parse_person(request.person, "person")
        note = checked_words(request.note, "note", MOST_NOTE, required=False)
        done = await self._reviews.review(sighting, action, person_id, note, caller.identity.subject)
        return pb.ReviewSightingResponse(review=review_to_proto(done.review), sighting=_sighting(done))

    async def UndoReview(self, request: pb.UndoReviewRequest, context: Context) -> pb.UndoReviewResponse:
        """Takes a review back."""
        review = await self._made.get(parse_review(request.name, "name"))
        caller = current_caller()
        await caller.authorized.require(review.camera_id)
        done = await self._reviews.undo(review.review_id, caller.identity.subject)
        return pb.UndoReviewResponse(review=review_to_proto(done.review), sighting=_sighting(done))

    async def ListReviews(self, request: pb.ListReviewsRequest, context: Context) -> pb.ListReviewsResponse:
        """Lists reviews, latest first."""
        size = checked_page_size(request.page_size)
        which = ReviewFilter(
            sighting_id=parse_sighting(request.sighting, "sighting") if request.sighting else None,
            within=_cameras(request.camera, current_caller().authorized.cameras),
            holding=request.holding,
        )
        listing = Listing("reviews", (request.camera, request.sighting, str(request.holding)))
        after = _place(listing.cursor(request.page_token, parts=2))
        found = await self._made.list(which, size + 1, None if after is None else ReviewCursor(*after))
        page, last = cut(found, size)
        return pb.ListReviewsResponse(
            reviews=[review_to_proto(each) for each in page],
            next_page_token=listing.token([last.reviewed_at.isoformat(), last.review_id]) if last else "",
        )


def _sighting(done: Reviewed) -> Sighting | None:
    return None if done.sighting is None else sighting_to_proto(done.sighting)


def _checked_thresholds(request: pb.WhatIfThresholdsRequest) -> list[float]:
    field, thresholds = "similarity_thresholds", list(request.similarity_thresholds)
    if len(thresholds) > _MOST_THRESHOLDS:
        raise InvalidInput(field, f"{field} must be at most {_MOST_THRESHOLDS}")
    if not all(isfinite(each) and 0.0 < each <= 1.0 for each in thresholds):
        raise InvalidInput(field, f"{field} must be above 0 and at most 1 each")
    return thresholds


def _cameras(camera: str, authorized: frozenset[str] | None) -> frozenset[str] | None:
    """Returns the cameras asked for that the caller may see; None: all."""
    if not camera:
        return authorized
    asked = frozenset({parse_camera(camera, "camera")})
    return asked if authorized is None else asked & authorized


def _span(
    request: pb.ListDecisionsRequest | pb.WhatIfThresholdsRequest | pb.ListReviewQueueRequest,
) -> tuple[datetime | None, datetime | None]:
    start = time_from_proto(request.start_time, "start_time") if request.HasField("start_time") else None
    end = time_from_proto(request.end_time, "end_time") if request.HasField("end_time") else None
    if start is not None and end is not None and start >= end:
        raise InvalidInput("end_time", "end_time must be after start_time")
    return start, end


def _texts(*times: datetime | None) -> list[str]:
    return ["" if time is None else time.isoformat() for time in times]


def _place(parts: tuple[str, ...] | None) -> tuple[datetime, str] | None:
    """Returns the time and the id of the last row of the page before."""
    if parts is None:
        return None
    try:
        moment = datetime.fromisoformat(parts[0])
        if moment.tzinfo is None:
            raise malformed_token()
        # Near year 1 or 9999, a time in another zone may be out of range in UTC, in which it is stored.
        return moment.astimezone(UTC), parts[1]
    except (ValueError, OverflowError):
        raise malformed_token() from None
