"""What decisions saw, as rows of a group commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.sightings import Recognition, StreamCommit
from portero_server.domain.tracking.deciding import DecisionReason, FaceDecision
from portero_server.store.bulk.writing import insert_new
from portero_server.store.schema import decision_candidates, decisions


def candidates_of(parts: Iterable[StreamCommit]) -> set[str]:
    """Returns the people whom the decisions of a commit compared with a face."""
    return {
        candidate.person_id
        for part in parts
        for answer in part.recognitions
        if answer.decision is not None
        for candidate in answer.decision.ranking.candidates
    }


async def write_decisions(connection: AsyncConnection, parts: Iterable[StreamCommit], names: Collection[str]) -> None:
    """Writes what decisions saw; existing rows are left unchanged.

    Args:
        connection: Connection of the transaction, which holds the candidates.
        parts: What each stream adds to the commit.
        names: People who may be named; other candidates are counted and not written.
    """
    answered = [
        (part.camera_id, answer, answer.decision)
        for part in parts
        for answer in part.recognitions
        if answer.decision is not None
    ]
    await insert_new(connection, decisions, [_row(*each, names) for each in answered])
    rows = [row for _, answer, decision in answered for row in _candidate_rows(answer, decision, names)]
    await insert_new(connection, decision_candidates, rows)


def _row(camera_id: str, answer: Recognition, decision: FaceDecision, names: Collection[str]) -> dict[str, Any]:
    withheld = answer.person_id is not None and answer.person_id not in names
    policy = decision.policy
    return {
        "recognition_id": answer.recognition_id,
        "camera_id": camera_id,
        "track_id": answer.track_id,
        "captured_at": answer.captured_at,
        "engine": answer.engine,
        # As of the answer itself, of somebody who may not be named any more.
        "outcome": "unknown" if withheld else answer.outcome,
        "reason": (DecisionReason.WITHHELD if withheld else decision.reason).value,
        "shot": decision.shot,
        "face_pixels": decision.face_pixels,
        "quality": answer.quality,
        "agreeing": decision.agreeing,
        "people": decision.ranking.people,
        "candidates": len(decision.ranking.candidates),
        "demanded": decision.ranking.demanded,
        "threshold": policy.threshold,
        "margin": policy.margin,
        "sure_by": policy.sure_by,
        "sure_by_tenfold": policy.sure_by_tenfold,
        "sure_quality": policy.sure_quality,
        "confusable_margin": policy.confusable_margin,
    }


def _candidate_rows(answer: Recognition, decision: FaceDecision, names: Collection[str]) -> Sequence[dict[str, Any]]:
    ranking = decision.ranking
    return [
        {
            "recognition_id": answer.recognition_id,
            "person_id": candidate.person_id,
            "place": place,
            "similarity": candidate.similarity,
            "confusable": candidate.person_id in ranking.confusable,
        }
        for place, candidate in enumerate(ranking.candidates, 1)
        if candidate.person_id in names
    ]
