"""An in-memory DecisionService."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import decision_service_pb2 as pb2
from portero.v1 import detections_pb2

from tests.support.client.wire import UnaryMethod, page_of


class FakeDecisions:
    """Decisions, and the tallies that it answers for any threshold.

    Attributes:
        decisions: What is stored, oldest first.
        asked: The requests of WhatIfThresholds.
    """

    def __init__(self) -> None:
        self.decisions: list[pb2.Decision] = []
        self.asked: list[pb2.WhatIfThresholdsRequest] = []

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the table of the service."""
        return {
            "ListDecisions": (pb2.ListDecisionsRequest, self.list_decisions),
            "WhatIfThresholds": (pb2.WhatIfThresholdsRequest, self.what_if),
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

    async def what_if(self, request: pb2.WhatIfThresholdsRequest) -> pb2.WhatIfThresholdsResponse:
        """Pretends that every threshold names whoever is alike at all."""
        self.asked.append(request)
        count = len(self.decisions)
        results = [self._result(each) for each in request.similarity_thresholds or (0.0,)]
        return pb2.WhatIfThresholdsResponse(results=results, decisions=count)

    def _result(self, threshold: float) -> pb2.WhatIfResult:
        named = [
            each for each in self.decisions if each.candidates and each.candidates[0].similarity >= (threshold or 0.5)
        ]
        total = pb2.WhatIfTally(tracks=len(self.decisions), named_after=len(named), gained=len(named))
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
        return pb2.WhatIfResult(similarity_threshold=threshold, total=total, cameras=cameras, changes=changes)
