"""DocumentService with what a test puts in."""

from __future__ import annotations

from collections.abc import AsyncIterator

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import detections_pb2
from portero.v1 import document_service_pb2 as pb2

from tests.support.client.wire import StreamMethod, UnaryMethod

_METHODS = (
    "ReadDocument",
    "StartCheckIn",
    "GetCheckIn",
    "ListCheckIns",
    "CancelCheckIn",
    "ReviewCheckIn",
    "EraseCheckIn",
    "ExportHolder",
    "EraseHolder",
    "ImportGuests",
    "ListGuests",
    "DeleteGuest",
)
_BEGAN = Timestamp(seconds=1_767_225_600)

READING = pb2.DocumentReading(
    kind=pb2.DOCUMENT_KIND_ID_CARD_2013,
    sides=[pb2.DOCUMENT_SIDE_FRONT, pb2.DOCUMENT_SIDE_BACK],
    fields=[
        pb2.FieldReading(
            field=pb2.DOCUMENT_FIELD_RUN,
            value="20111222-9",
            agreement=pb2.FIELD_AGREEMENT_AGREES,
            sources=[
                pb2.FieldSource(
                    zone=pb2.DOCUMENT_ZONE_MRZ,
                    value="20111222-9",
                    confidence=0.9,
                    side=pb2.DOCUMENT_SIDE_BACK,
                    box=detections_pb2.Box(left=0.1, top=0.2, width=0.3, height=0.1),
                    check_digit=True,
                )
            ],
        ),
        pb2.FieldReading(field=pb2.DOCUMENT_FIELD_SURNAMES, value="SOTO", agreement=pb2.FIELD_AGREEMENT_SINGLE),
        pb2.FieldReading(field=pb2.DOCUMENT_FIELD_GIVEN_NAMES, agreement=pb2.FIELD_AGREEMENT_MISSING),
    ],
    reasons=[pb2.CHECK_IN_REASON_UNREADABLE],
)


SESSION = pb2.LivenessSession(
    session_id="3b6e0d9e-session", region="us-east-1", expire_time=Timestamp(seconds=_BEGAN.seconds + 60)
)


def check_in(key: str = "c1", *, accepted: bool = True, running: bool = False) -> pb2.CheckIn:
    """Returns a check-in at the camera "desk": accepted or to be reviewed, or one that runs."""
    if running:
        return pb2.CheckIn(
            name=f"checkIns/{key}",
            camera="cameras/desk",
            state=pb2.CHECK_IN_STATE_RUNNING,
            create_time=_BEGAN,
            expire_time=Timestamp(seconds=_BEGAN.seconds + 60),
        )
    return pb2.CheckIn(
        name=f"checkIns/{key}",
        camera="cameras/desk",
        state=pb2.CHECK_IN_STATE_FINISHED,
        result=pb2.CHECK_IN_RESULT_ACCEPTED if accepted else pb2.CHECK_IN_RESULT_REVIEW,
        reasons=[] if accepted else [pb2.CHECK_IN_REASON_FACE_DOUBTFUL],
        checks=[
            pb2.Check(name=pb2.CHECK_NAME_EXPIRY, outcome=pb2.CHECK_OUTCOME_PASSED),
            pb2.Check(name=pb2.CHECK_NAME_REGISTRY, outcome=pb2.CHECK_OUTCOME_NOT_CHECKED),
        ],
        document=READING,
        face=pb2.FaceEvidence(similarity=0.7, threshold=0.8, live_faces=1, portrait_found=True),
        liveness=pb2.LivenessEvidence(suspicion=0.25, cues=["moves_as_one"]),
        guest_status=pb2.GUEST_STATUS_EXPECTED,
        guest="guests/g1",
        admitted=accepted,
        paid_calls=2,
        registry_uri="https://registry.example/",
        create_time=_BEGAN,
        expire_time=Timestamp(seconds=_BEGAN.seconds + 60),
        finish_time=Timestamp(seconds=_BEGAN.seconds + 3),
    )


class FakeDocuments:
    """Answers by method and remembers what it was asked.

    Attributes:
        answers: What each method gives, in turn.
        asked: Requests so far.
        changes: What each watch gives, before it ends.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Message]] = {}
        self.asked: list[Message] = []
        self.changes: list[pb2.WatchCheckInsResponse] = []

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the unary RPCs by name."""
        return {name: (getattr(pb2, f"{name}Request"), self._answering(name)) for name in _METHODS}

    def streams(self) -> dict[str, tuple[type, StreamMethod]]:
        """Returns the table of the server streams."""
        return {"WatchCheckIns": (pb2.WatchCheckInsRequest, self._watch)}

    async def _watch(self, request: Message) -> AsyncIterator[Message]:
        self.asked.append(request)
        for change in self.changes:
            yield change

    def _answering(self, name: str) -> UnaryMethod:
        async def answer(request: Message) -> Message:
            self.asked.append(request)
            return self.answers[name].pop(0)

        return answer
