"""Converts decisions, and what other thresholds would have made of them, to protobuf messages."""

from __future__ import annotations

from collections.abc import Mapping

from portero.v1 import decision_service_pb2 as pb
from portero.v1 import detections_pb2

from portero_server.domain.recording.reviews import QueueReason, ReviewAction, SightingReview
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.domain.tracking.what_if import StoredDecision, TrackChange, WhatIfTally
from portero_server.errors import InvalidInput
from portero_server.gallery.review_pictures import ShownPicture
from portero_server.gallery.reviews import QueuedSighting
from portero_server.gallery.what_if import Replay
from portero_server.rpc.convert import sighting_to_proto, time_to_proto
from portero_server.rpc.resource_names import camera_name, person_name, review_name, sighting_name

_ACTIONS = {action: pb.ReviewAction.Value(f"REVIEW_ACTION_{action.name}") for action in ReviewAction}
_QUEUE_REASONS = {reason: pb.ReviewReason.Value(f"REVIEW_REASON_{reason.name}") for reason in QueueReason}
_REASONS = {reason: pb.DecisionReason.Value(f"DECISION_REASON_{reason.name}") for reason in DecisionReason}


def decision_to_proto(stored: StoredDecision, names: Mapping[str, str]) -> pb.Decision:
    """Returns the Decision message; `names` are the display names of its candidates."""
    decision = stored.decision
    return pb.Decision(
        id=stored.recognition_id,
        camera=camera_name(stored.camera_id),
        track_id=stored.track_id,
        capture_time=time_to_proto(stored.captured_at),
        engine=stored.engine,
        outcome=stored.outcome,
        reason=_REASONS[decision.reason],
        candidates=[
            detections_pb2.Candidate(
                person=person_name(each.person_id),
                display_name=names.get(each.person_id, ""),
                similarity=each.similarity,
            )
            for each in decision.ranking.candidates
        ],
        incomplete=not stored.whole,
        shot=decision.shot,
        face_pixels=decision.face_pixels,
        quality=stored.quality,
        similarity_threshold=decision.policy.threshold,
        margin_threshold=decision.policy.margin,
        agreeing_shots=decision.agreeing,
        demanded_similarity=decision.ranking.demanded,
    )


def queued_to_proto(queued: QueuedSighting, names: Mapping[str, str], *, has_picture: bool) -> pb.QueuedSighting:
    """Returns the QueuedSighting message; `names` are the display names of all candidates."""
    return pb.QueuedSighting(
        sighting=sighting_to_proto(queued.sighting),
        reason=_QUEUE_REASONS[queued.reason],
        decisions=[decision_to_proto(each, names) for each in queued.decisions],
        has_picture=has_picture,
    )


def picture_to_proto(shown: ShownPicture) -> pb.GetReviewPictureResponse:
    """Returns the GetReviewPictureResponse message."""
    return pb.GetReviewPictureResponse(
        picture=shown.jpeg,
        capture_time=time_to_proto(shown.taken_at),
        quality=shown.quality,
        expire_time=time_to_proto(shown.expires_at),
    )


def review_to_proto(review: SightingReview) -> pb.SightingReview:
    """Returns the SightingReview message."""
    demand, before = review.demand, review.before
    return pb.SightingReview(
        name=review_name(review.review_id),
        sighting=sighting_name(review.sighting_id),
        camera=camera_name(review.camera_id),
        action=_ACTIONS[review.action],
        person="" if review.person_id is None else person_name(review.person_id),
        decided_person="" if before.person_id is None else person_name(before.person_id),
        decided_similarity=before.similarity,
        note=review.note,
        reviewer=review.reviewer,
        review_time=time_to_proto(review.reviewed_at),
        undo_time=None if review.undone_at is None else time_to_proto(review.undone_at),
        undone_by=review.undone_by or "",
        demanded_similarity=0.0 if demand is None else demand.similarity,
        demand_end_time=None if demand is None else time_to_proto(demand.until),
    )


def action_from_proto(action: pb.ReviewAction.ValueType, field: str) -> ReviewAction:
    """Returns the action. Raises InvalidInput for none, and for one that this server does not know."""
    for known, number in _ACTIONS.items():
        if number == action:
            return known
    raise InvalidInput(field, f"{field} must be THIS_IS, NOT or IGNORE")


def queue_reason_from_proto(reason: pb.ReviewReason.ValueType, field: str) -> QueueReason:
    """Returns the reason. Raises InvalidInput for none, and for one that this server does not know."""
    for known, number in _QUEUE_REASONS.items():
        if number == reason:
            return known
    raise InvalidInput(field, f"{field} has a value that this server does not know")


def replay_to_proto(replay: Replay, *, with_changes: bool) -> pb.WhatIfResult:
    """Returns the WhatIfResult message of one threshold."""
    return pb.WhatIfResult(
        similarity_threshold=replay.what_if.threshold or 0.0,
        total=_tally(replay.total, ""),
        cameras=[_tally(replay.cameras[camera_id], camera_name(camera_id)) for camera_id in sorted(replay.cameras)],
        changes=[_change(each) for each in replay.changes] if with_changes else (),
        wrong_share_low=replay.tried.wrong_share.low,
        wrong_share_high=replay.tried.wrong_share.high,
    )


def _tally(tally: WhatIfTally, camera: str) -> pb.WhatIfTally:
    return pb.WhatIfTally(
        camera=camera,
        tracks=tally.tracks,
        named_before=tally.named_before,
        named_after=tally.named_after,
        gained=tally.gained,
        lost=tally.lost,
        changed=tally.changed,
        remembered=tally.remembered,
        incomplete=tally.incomplete,
        reviewed_right=tally.right,
        reviewed_wrong=tally.wrong,
        reviewed_missed=tally.missed,
    )


def _change(change: TrackChange) -> pb.WhatIfChange:
    return pb.WhatIfChange(
        camera=camera_name(change.camera_id),
        track_id=change.track_id,
        capture_time=time_to_proto(change.captured_at),
        person_before="" if change.before is None else person_name(change.before),
        person_after="" if change.after is None else person_name(change.after),
    )
