"""An in-memory DecisionService."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import decision_service_pb2 as pb2
from portero.v1 import detections_pb2, sighting_service_pb2

from tests.support.client.wire import UnaryMethod, invalid, not_found, page_of


class FakeDecisions:
    """Decisions, and the tallies that it answers for any threshold.

    Attributes:
        decisions: What is stored, oldest first.
        asked: The requests of WhatIfThresholds.
        reviewed, recommended: Right and wrong names of any threshold, and what follows.
        pictures: JPEG files by the name of the sighting.
        reviews: What was said, latest first; each decision is one of a sighting of its own, "s1" of the first.
    """

    def __init__(self) -> None:
        self.decisions: list[pb2.Decision] = []
        self.asked: list[pb2.WhatIfThresholdsRequest] = []
        self.reviews: list[pb2.SightingReview] = []
        self.pictures: dict[str, bytes] = {}
        self.reviewed = (0, 0)
        self.recommended: float | None = None

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the table of the service."""
        return {
            "ListDecisions": (pb2.ListDecisionsRequest, self.list_decisions),
            "WhatIfThresholds": (pb2.WhatIfThresholdsRequest, self.what_if),
            "ListReviewQueue": (pb2.ListReviewQueueRequest, self.queue),
            "GetReviewPicture": (pb2.GetReviewPictureRequest, self.picture),
            "ReviewSighting": (pb2.ReviewSightingRequest, self.review),
            "UndoReview": (pb2.UndoReviewRequest, self.undo),
            "ListReviews": (pb2.ListReviewsRequest, self.list_reviews),
        }

    def store(self, camera_id: str, *candidates: tuple[str, float], seconds: int = 0, incomplete: bool = False) -> None:
        """Adds a decision that names nobody, since the best candidate is not similar enough."""
        number = len(self.decisions) + 1
        self.decisions.append(
            pb2.Decision(
                id=f"r{number}",
                camera=f"cameras/{camera_id}",
                track_id=f"t{number}",
                capture_time=Timestamp(seconds=1_750_000_000 + seconds),
                engine="local",
                outcome="unknown",
                reason=pb2.DECISION_REASON_BELOW_THRESHOLD,
                candidates=[
                    detections_pb2.Candidate(
                        person=f"people/{person_id}", display_name=person_id.title(), similarity=similarity
                    )
                    for person_id, similarity in candidates
                ],
                incomplete=incomplete,
                shot=1,
                face_pixels=96,
                quality=0.5,
                similarity_threshold=0.5,
                margin_threshold=0.125,
            )
        )

    async def list_decisions(self, request: pb2.ListDecisionsRequest) -> pb2.ListDecisionsResponse:
        """Lists by camera and time."""
        found = [
            each
            for each in self.decisions
            if request.camera in ("", each.camera)
            and (not request.HasField("start_time") or each.capture_time.seconds >= request.start_time.seconds)
            and (not request.HasField("end_time") or each.capture_time.seconds < request.end_time.seconds)
        ]
        page, token = page_of(found, request.page_size, request.page_token)
        return pb2.ListDecisionsResponse(decisions=page, next_page_token=token)

    async def queue(self, request: pb2.ListReviewQueueRequest) -> pb2.ListReviewQueueResponse:
        """Queues a stranger for each decision, for the reason JUST_BELOW, latest first."""
        reviewed = {each.sighting for each in self.reviews if not each.HasField("undo_time")}
        found = [
            pb2.QueuedSighting(
                sighting=self._sighting(number),
                reason=pb2.REVIEW_REASON_JUST_BELOW,
                decisions=[decision],
                has_picture=f"sightings/s{number}" in self.pictures,
            )
            for number, decision in reversed(list(enumerate(self.decisions, 1)))
            if f"sightings/s{number}" not in reviewed
            and (not request.reasons or pb2.REVIEW_REASON_JUST_BELOW in request.reasons)
        ]
        page, token = page_of(found, request.page_size, request.page_token)
        return pb2.ListReviewQueueResponse(sightings=page, next_page_token=token)

    async def picture(self, request: pb2.GetReviewPictureRequest) -> pb2.GetReviewPictureResponse:
        """Returns a picture, which is kept for a day."""
        if request.name not in self.pictures:
            raise not_found(f"{request.name}/picture")
        return pb2.GetReviewPictureResponse(
            picture=self.pictures[request.name],
            capture_time=Timestamp(seconds=1_750_000_000),
            quality=0.5,
            expire_time=Timestamp(seconds=1_750_086_400),
        )

    async def review(self, request: pb2.ReviewSightingRequest) -> pb2.ReviewSightingResponse:
        """Stores what is said of a stranger."""
        known = {f"sightings/s{number}": number for number in range(1, len(self.decisions) + 1)}
        if request.name not in known:
            raise not_found(request.name)
        if len(request.note) > 200:
            raise invalid("note", "note must be 0 to 200 printable characters", "")
        denied = request.action == pb2.REVIEW_ACTION_NOT
        review = pb2.SightingReview(
            name=f"reviews/v{len(self.reviews) + 1}",
            sighting=request.name,
            camera="cameras/door",
            action=request.action,
            person=request.person,
            note=request.note,
            reviewer="keys/me",
            review_time=Timestamp(seconds=1_750_000_000),
            demanded_similarity=0.4375 if denied else 0.0,
            demand_end_time=Timestamp(seconds=1_750_000_000 + 30 * 86400) if denied else None,
        )
        self.reviews.insert(0, review)
        person = request.person if request.action == pb2.REVIEW_ACTION_THIS_IS else ""
        return pb2.ReviewSightingResponse(review=review, sighting=self._sighting(known[request.name], person))

    async def undo(self, request: pb2.UndoReviewRequest) -> pb2.UndoReviewResponse:
        """Takes a review back."""
        for review in self.reviews:
            if review.name == request.name:
                review.undo_time.seconds, review.undone_by = 1_750_000_060, "keys/me"
                number = int(review.sighting.removeprefix("sightings/s"))
                return pb2.UndoReviewResponse(review=review, sighting=self._sighting(number))
        raise not_found(request.name)

    async def list_reviews(self, request: pb2.ListReviewsRequest) -> pb2.ListReviewsResponse:
        """Lists what was said, latest first."""
        found = [each for each in self.reviews if not (request.holding and each.HasField("undo_time"))]
        page, token = page_of(found, request.page_size, request.page_token)
        return pb2.ListReviewsResponse(reviews=page, next_page_token=token)

    def _sighting(self, number: int, person: str = "") -> sighting_service_pb2.Sighting:
        decision = self.decisions[number - 1]
        return sighting_service_pb2.Sighting(
            name=f"sightings/s{number}",
            camera=decision.camera,
            person=person,
            display_name=person.removeprefix("people/").title(),
            first_seen_time=decision.capture_time,
            last_seen_time=decision.capture_time,
            track_count=1,
            reviewed=bool(person),
        )

    async def what_if(self, request: pb2.WhatIfThresholdsRequest) -> pb2.WhatIfThresholdsResponse:
        """Pretends that every threshold names whoever is alike at all."""
        self.asked.append(request)
        count = len(self.decisions)
        results = [self._result(each) for each in request.similarity_thresholds or (0.0,)]
        return pb2.WhatIfThresholdsResponse(results=results, decisions=count, recommended_threshold=self.recommended)

    def _result(self, threshold: float) -> pb2.WhatIfResult:
        named = [
            each for each in self.decisions if each.candidates and each.candidates[0].similarity >= (threshold or 0.5)
        ]
        right, wrong = self.reviewed
        total = pb2.WhatIfTally(
            tracks=len(self.decisions),
            named_after=len(named),
            gained=len(named),
            reviewed_right=right,
            reviewed_wrong=wrong,
        )
        cameras = [pb2.WhatIfTally(camera=name, tracks=1) for name in sorted({each.camera for each in self.decisions})]
        changes = [
            pb2.WhatIfChange(
                camera=each.camera,
                track_id=each.track_id,
                capture_time=each.capture_time,
                person_after=each.candidates[0].person,
            )
            for each in named
        ]
        return pb2.WhatIfResult(
            similarity_threshold=threshold,
            total=total,
            cameras=cameras,
            changes=changes,
            wrong_share_low=0.0103,
            wrong_share_high=0.0845,
        )
