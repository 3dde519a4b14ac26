"""The calls of DecisionService."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portero.v1 import decision_service_pb2 as pb2

from portero_client import convert
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.decisions import Decision, DecisionReason, WhatIf, WhatIfChange, WhatIfResult, WhatIfTally
from portero_client.names import CAMERAS, SIGHTINGS

_SERVICE = "/portero.v1.DecisionService/"
# Many decisions take the server some seconds.
_PATIENCE = 120.0
_REASONS = {pb2.DecisionReason.Value(f"DECISION_REASON_{reason.name}"): reason for reason in DecisionReason}


def list_pages(*, camera: str, sighting: str, since: datetime | None, until: datetime | None) -> PageCall[Decision]:
    """Lists decisions, oldest first; all conditions must hold."""
    request = pb2.ListDecisionsRequest(
        camera=CAMERAS.name(camera) if camera else "",
        sighting=SIGHTINGS.name(sighting) if sighting else "",
        start_time=convert.time_to(since) if since else None,
        end_time=convert.time_to(until) if until else None,
    )

    def page(page_size: int, page_token: str) -> Call[Page[Decision]]:
        paged = pb2.ListDecisionsRequest(page_size=page_size, page_token=page_token)
        paged.MergeFrom(request)
        return unary(
            _SERVICE + "ListDecisions",
            paged,
            pb2.ListDecisionsResponse,
            lambda answer: Page(tuple(decision_from(each) for each in answer.decisions), answer.next_page_token),
        )

    return page


def what_if(
    thresholds: Sequence[float],
    *,
    margin: float | None,
    camera: str,
    site: str,
    since: datetime | None,
    until: datetime | None,
) -> Call[WhatIf]:
    """Returns what other thresholds would have decided."""
    return unary(
        _SERVICE + "WhatIfThresholds",
        pb2.WhatIfThresholdsRequest(
            similarity_thresholds=thresholds,
            margin_threshold=margin,
            camera=CAMERAS.name(camera) if camera else "",
            site=site,
            start_time=convert.time_to(since) if since else None,
            end_time=convert.time_to(until) if until else None,
        ),
        pb2.WhatIfThresholdsResponse,
        _what_if,
        patience=_PATIENCE,
    )


def decision_from(message: pb2.Decision) -> Decision:
    """Returns a decision."""
    return Decision(
        id=message.id,
        camera=message.camera,
        track_id=message.track_id,
        capture_time=convert.time_from(message.capture_time),
        engine=message.engine,
        outcome=message.outcome,
        reason=_REASONS.get(message.reason, DecisionReason.UNSPECIFIED),
        candidates=tuple(convert.candidate_from(each) for each in message.candidates),
        incomplete=message.incomplete,
        shot=message.shot,
        face_pixels=message.face_pixels,
        quality=message.quality,
        similarity_threshold=message.similarity_threshold,
        margin_threshold=message.margin_threshold,
        agreeing_shots=message.agreeing_shots,
        demanded_similarity=message.demanded_similarity,
    )


def _what_if(answer: pb2.WhatIfThresholdsResponse) -> WhatIf:
    recommended = answer.recommended_threshold if answer.HasField("recommended_threshold") else None
    return WhatIf(tuple(_result(each) for each in answer.results), answer.decisions, recommended)


def _result(message: pb2.WhatIfResult) -> WhatIfResult:
    return WhatIfResult(
        similarity_threshold=message.similarity_threshold,
        total=_tally(message.total),
        cameras=tuple(_tally(each) for each in message.cameras),
        changes=tuple(
            WhatIfChange(
                camera=each.camera,
                track_id=each.track_id,
                capture_time=convert.time_from(each.capture_time),
                person_before=each.person_before,
                person_after=each.person_after,
            )
            for each in message.changes
        ),
        wrong_share_low=message.wrong_share_low,
        wrong_share_high=message.wrong_share_high,
    )


def _tally(message: pb2.WhatIfTally) -> WhatIfTally:
    return WhatIfTally(
        camera=message.camera,
        tracks=message.tracks,
        named_before=message.named_before,
        named_after=message.named_after,
        gained=message.gained,
        lost=message.lost,
        changed=message.changed,
        remembered=message.remembered,
        incomplete=message.incomplete,
        reviewed_right=message.reviewed_right,
        reviewed_wrong=message.reviewed_wrong,
        reviewed_missed=message.reviewed_missed,
    )
