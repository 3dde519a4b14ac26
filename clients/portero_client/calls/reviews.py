"""The calls of DecisionService about reviews."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portero.v1 import decision_service_pb2 as pb2

from portero_client import convert
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.calls.decisions import decision_from
from portero_client.names import CAMERAS, PEOPLE, REVIEWS, SIGHTINGS
from portero_client.review_pictures import ReviewPicture
from portero_client.reviews import QueuedSighting, ReviewAction, Reviewed, ReviewReason, SightingReview

_SERVICE = "/portero.v1.DecisionService/"
_REASONS = {pb2.ReviewReason.Value(f"REVIEW_REASON_{reason.name}"): reason for reason in ReviewReason}
_ACTIONS = {pb2.ReviewAction.Value(f"REVIEW_ACTION_{action.name}"): action for action in ReviewAction}


def queue_pages(
    *, camera: str, since: datetime | None, until: datetime | None, reasons: Collection[ReviewReason]
) -> PageCall[QueuedSighting]:
    """Lists sightings that a person should look at, latest first; all conditions must hold."""
    request = pb2.ListReviewQueueRequest(
        camera=CAMERAS.name(camera) if camera else "",
        start_time=convert.time_to(since) if since else None,
        end_time=convert.time_to(until) if until else None,
        reasons=sorted(pb2.ReviewReason.Value(f"REVIEW_REASON_{reason.name}") for reason in reasons),
    )

    def page(page_size: int, page_token: str) -> Call[Page[QueuedSighting]]:
        paged = pb2.ListReviewQueueRequest(page_size=page_size, page_token=page_token)
        paged.MergeFrom(request)
        return unary(
            _SERVICE + "ListReviewQueue",
            paged,
            pb2.ListReviewQueueResponse,
            lambda answer: Page(tuple(_queued(each) for each in answer.sightings), answer.next_page_token),
        )

    return page


def picture(sighting: str) -> Call[ReviewPicture]:
    """Returns the picture of a sighting of the queue."""
    return unary(
        _SERVICE + "GetReviewPicture",
        pb2.GetReviewPictureRequest(name=SIGHTINGS.name(sighting)),
        pb2.GetReviewPictureResponse,
        lambda answer: ReviewPicture(
            jpeg=answer.picture,
            capture_time=convert.time_from(answer.capture_time),
            quality=answer.quality,
            expire_time=convert.time_from(answer.expire_time),
        ),
    )


def review(sighting: str, action: ReviewAction, person: str, note: str) -> Call[Reviewed]:
    """Stores what a person says of a sighting."""
    return unary(
        _SERVICE + "ReviewSighting",
        pb2.ReviewSightingRequest(
            name=SIGHTINGS.name(sighting),
            action=pb2.ReviewAction.Value(f"REVIEW_ACTION_{action.name}"),
            person=PEOPLE.name(person) if person else "",
            note=note,
        ),
        pb2.ReviewSightingResponse,
        _reviewed,
    )


def undo(name: str) -> Call[Reviewed]:
    """Takes a review back."""
    return unary(
        _SERVICE + "UndoReview",
        pb2.UndoReviewRequest(name=REVIEWS.name(name)),
        pb2.UndoReviewResponse,
        _reviewed,
    )


def list_pages(*, camera: str, sighting: str, holding: bool) -> PageCall[SightingReview]:
    """Lists reviews, latest first; all conditions must hold."""
    request = pb2.ListReviewsRequest(
        camera=CAMERAS.name(camera) if camera else "",
        sighting=SIGHTINGS.name(sighting) if sighting else "",
        holding=holding,
    )

    def page(page_size: int, page_token: str) -> Call[Page[SightingReview]]:
        paged = pb2.ListReviewsRequest(page_size=page_size, page_token=page_token)
        paged.MergeFrom(request)
        return unary(
            _SERVICE + "ListReviews",
            paged,
            pb2.ListReviewsResponse,
            lambda answer: Page(tuple(_review(each) for each in answer.reviews), answer.next_page_token),
        )

    return page


def _reviewed(answer: pb2.ReviewSightingResponse | pb2.UndoReviewResponse) -> Reviewed:
    sighting = convert.sighting_from(answer.sighting) if answer.HasField("sighting") else None
    return Reviewed(_review(answer.review), sighting)


def _queued(message: pb2.QueuedSighting) -> QueuedSighting:
    return QueuedSighting(
        sighting=convert.sighting_from(message.sighting),
        reason=_REASONS.get(message.reason, ReviewReason.UNSPECIFIED),
        decisions=tuple(decision_from(each) for each in message.decisions),
        has_picture=message.has_picture,
    )


def _review(message: pb2.SightingReview) -> SightingReview:
    return SightingReview(
        name=message.name,
        sighting=message.sighting,
        camera=message.camera,
        action=_ACTIONS.get(message.action, ReviewAction.UNSPECIFIED),
        person=message.person,
        decided_person=message.decided_person,
        decided_similarity=message.decided_similarity,
        note=message.note,
        reviewer=message.reviewer,
        review_time=convert.time_from(message.review_time),
        undo_time=convert.time_from(message.undo_time) if message.HasField("undo_time") else None,
        undone_by=message.undone_by,
        demanded_similarity=message.demanded_similarity,
        demand_end_time=convert.time_from(message.demand_end_time) if message.HasField("demand_end_time") else None,
    )
