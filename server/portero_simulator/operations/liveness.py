"""The operations CreateFaceLivenessSession and GetFaceLivenessSessionResults.

Nobody sends a video here: how a session goes is told beside the API (`POST /_simulator/liveness`).
"""

from __future__ import annotations

from typing import Any

from portero_simulator.model import Document
from portero_simulator.service import Service

_CHALLENGE = {"Type": "FaceMovementAndLightChallenge", "Version": "2.0.0"}


async def create_face_liveness_session(service: Service, request: Document) -> Document:
    """Begins a session; the same token begins none again."""
    now = service.clock.monotonic()
    return {"SessionId": service.sessions.begin(request.get("ClientRequestToken"), now)}


async def get_face_liveness_session_results(service: Service, request: Document) -> Document:
    """Returns how a session went: CREATED until that is said, EXPIRED after three minutes."""
    session = service.sessions.get(request["SessionId"], service.clock.monotonic())
    answer: dict[str, Any] = {"SessionId": request["SessionId"], "Status": session.status}
    if session.confidence is not None:
        answer |= {"Confidence": session.confidence, "Challenge": _CHALLENGE}
        if session.reference is not None:
            answer["ReferenceImage"] = {"Bytes": session.reference}
    return answer
