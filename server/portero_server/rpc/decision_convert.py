"""Converts decisions, and what other thresholds would have made of them, to protobuf messages."""

from __future__ import annotations

from collections.abc import Mapping

from portero.v1 import decision_service_pb2 as pb
from portero.v1 import detections_pb2

from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.domain.tracking.what_if import StoredDecision, TrackChange, WhatIfTally
from portero_server.gallery.what_if import Replay
from portero_server.rpc.convert import time_to_proto
from portero_server.rpc.resource_names import camera_name, person_name

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
    )


def replay_to_proto(replay: Replay, *, with_changes: bool) -> pb.WhatIfResult:
    """Returns the WhatIfResult message of one threshold."""
    return pb.WhatIfResult(
        similarity_threshold=replay.what_if.threshold or 0.0,
        total=_tally(replay.total, ""),
        cameras=[_tally(replay.cameras[camera_id], camera_name(camera_id)) for camera_id in sorted(replay.cameras)],
        changes=[_change(each) for each in replay.changes] if with_changes else (),
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
    )


def _change(change: TrackChange) -> pb.WhatIfChange:
    return pb.WhatIfChange(
        camera=camera_name(change.camera_id),
        track_id=change.track_id,
        capture_time=time_to_proto(change.captured_at),
        person_before="" if change.before is None else person_name(change.before),
        person_after="" if change.after is None else person_name(change.after),
    )
