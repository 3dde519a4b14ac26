"""What a test puts in the place of reader, comparison and capture, and readings of people who do not exist."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from portero_server.documents.arrivals import GuestList
from portero_server.documents.conclusion import Conclusion
from portero_server.documents.desk import ComparedPortrait, LiveFace
from portero_server.documents.judging import judged
from portero_server.documents.liveness_sessions import LivenessPolicy, LivenessSessions
from portero_server.documents.needs import CheckInPolicy
from portero_server.documents.pictures import PictureLook
from portero_server.documents.service import CheckInService
from portero_server.domain.access.fair_places import PlaceShares
from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import (
    Agreement,
    CardSide,
    DocumentKind,
    DocumentReading,
    Field,
    FieldReading,
    FieldSource,
    Zone,
)
from portero_server.domain.documents.judgment import FaceEvidence
from portero_server.domain.documents.reasons import Reason
from portero_server.domain.documents.run import Run
from portero_server.engines.base import CallContext, Pixels
from portero_server.engines.face_liveness import FaceLiveness, LivenessAnswer, LivenessState
from portero_server.engines.scripted import PatchDetector, ScriptedEngine
from portero_server.errors import EngineError
from portero_server.rpc.document_convert import SiteFacts
from portero_server.rpc.services.documents import DocumentServicer
from portero_server.store.cameras import CameraStore
from portero_server.store.check_ins import CheckInStore
from portero_server.store.database import Database
from portero_server.store.guests import GuestStore
from portero_server.store.holders import HolderStore
from portero_server.telemetry.metrics import Metrics
from portero_server.watching.watch import Watch, WatchPolicy
from tests.support.time.virtual_time import ManualClock

REGISTRY = "https://registry.example/"
REGION = "us-east-1"
ZONE = ZoneInfo("America/Santiago")
PAULA = str(Run.of(20_111_222))
PEDRO = str(Run.of(20_333_444))
PICTURE: Pixels = np.random.default_rng(1).integers(0, 256, (80, 80, 3), np.uint8)
_FACE = FaceEvidence(similarity=0.9, live_faces=1, portrait_found=True, threshold=0.8)


def reading(
    run: str = PAULA, *, names: tuple[str, str] = ("SOTO RÍOS", "PAULA"), number: str = "501234567"
) -> DocumentReading:
    """Returns what a card says on which print and MRZ agree."""
    values = {
        Field.RUN: run,
        Field.DOCUMENT_NUMBER: number,
        Field.SURNAMES: names[0],
        Field.GIVEN_NAMES: names[1],
        Field.NATIONALITY: "CHL",
        Field.SEX: "F",
        Field.BIRTH_DATE: "1990-04-05",
        Field.ISSUE_DATE: "2022-01-02",
        Field.EXPIRY_DATE: "2032-04-05",
    }
    return DocumentReading(
        DocumentKind.ID_CARD_2013,
        tuple(FieldReading(each, value, _sources(each, value), Agreement.AGREES) for each, value in values.items()),
        sides=frozenset(CardSide),
    )


def contradictory(shown: str, other: str) -> DocumentReading:
    """Returns what a card says whose MRZ has the RUN of somebody else than its print."""
    whole = reading(shown)
    sources = (_sources(Field.RUN, shown)[0], _sources(Field.RUN, other)[1])
    run = FieldReading(Field.RUN, None, sources, Agreement.DIFFERS)
    fields = tuple(run if each.field is Field.RUN else each for each in whole.fields)
    return replace(whole, fields=fields, reasons=(Reason.FIELDS_DIFFER,))


def _sources(of: Field, value: str) -> tuple[FieldSource, FieldSource]:
    checked = of in (Field.RUN, Field.DOCUMENT_NUMBER, Field.BIRTH_DATE, Field.EXPIRY_DATE)
    box = Box(0.1, 0.2, 0.3, 0.1)
    return (
        FieldSource(Zone.PRINT, value, 0.97, CardSide.FRONT, box, True if of is Field.RUN else None),
        FieldSource(Zone.MRZ, value, 0.95, CardSide.BACK, None, True if checked else None),
    )


@dataclass
class ReadByTest:
    """A card as it was read."""

    reading: DocumentReading
    portraits: Sequence[Pixels] = (PICTURE,)
    paid_calls: int = 1
    framed: bool = False


@dataclass
class TestReader:
    """Reads what the test says, once it may.

    Attributes:
        answer: What the next document says, or why it is not read.
        framed: Whether documents lie in an even frame.
        waits: Not set: the answer is held back.
        asked: The pictures of each call.
        reached: Set by the first call.
    """

    __test__ = False
    answer: DocumentReading | EngineError = field(default_factory=reading)
    framed: bool = False
    waits: asyncio.Event | None = None
    asked: list[int] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, images: Sequence[Pixels], context: CallContext, today: date) -> ReadByTest:
        """Returns the answer."""
        self.asked.append(len(images))
        self.reached.set()
        if self.waits is not None:
            await self.waits.wait()
        if isinstance(self.answer, EngineError):
            raise self.answer
        return ReadByTest(self.answer, framed=self.framed)


@dataclass
class TestPortraits:
    """Compares as the test says."""

    __test__ = False
    answer: FaceEvidence | EngineError = _FACE

    async def compare(
        self, portraits: Sequence[Pixels], live_face: LiveFace | None, context: CallContext
    ) -> ComparedPortrait:
        """Returns the answer; without a live face that there is none."""
        if isinstance(self.answer, EngineError):
            raise self.answer
        if live_face is None:
            return ComparedPortrait(replace(self.answer, similarity=None, live_faces=0))
        return ComparedPortrait(self.answer, 1)


@dataclass
class TestDesk:
    """Captures nothing, and remembers what it was asked.

    Attributes:
        streams: Cameras whose stream is here.
        open: The capture of each camera.
        deadlines: When each ends, monotonic seconds.
        canceled: Which were canceled.
    """

    __test__ = False
    streams: set[str] = field(default_factory=lambda: {"desk"})
    open: dict[str, str] = field(default_factory=dict)
    deadlines: dict[str, float] = field(default_factory=dict)
    canceled: list[str] = field(default_factory=list)

    def begin(self, camera_id: str, check_in_id: str, deadline: float) -> bool:
        """Begins a capture where the stream is here."""
        if camera_id not in self.streams:
            return False
        self.open[camera_id] = check_in_id
        self.deadlines[check_in_id] = deadline
        return True

    def cancel(self, check_in_id: str) -> None:
        """Ends a capture."""
        self.canceled.append(check_in_id)


@dataclass
class TestVendor:
    """A vendor of liveness sessions.

    Attributes:
        answers: What it says, question by question, the last one for ever; or why it says nothing.
        refusal: Why it begins none; None: it does.
        waits: Not set: no session is begun yet.
        begun: The token of each session.
        asked: The session of each question.
        reached: Set when the first session is asked for.
    """

    __test__ = False
    answers: list[LivenessAnswer | EngineError] = field(default_factory=lambda: [LivenessAnswer(LivenessState.OPEN)])
    refusal: EngineError | None = None
    waits: asyncio.Event | None = None
    begun: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def region(self) -> str:
        """Where it is."""
        return REGION

    async def begin(self, token: str, context: CallContext) -> str:
        """Returns a session that is named by the token."""
        self.reached.set()
        if self.waits is not None:
            await self.waits.wait()
        if self.refusal is not None:
            raise self.refusal
        self.begun.append(token)
        return f"session-of-{token[:8]}"

    async def ask(self, session_id: str, context: CallContext) -> LivenessAnswer:
        """Returns the next answer."""
        self.asked.append(session_id)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, EngineError):
            raise answer
        return answer


class CheckInHouse:
    """A service over a real database, with everything around it in the test's hands."""

    def __init__(
        self, database: Database, clock: ManualClock | None = None, vendor: FaceLiveness | None = None
    ) -> None:
        self._database = database
        self.clock = clock or ManualClock()
        self.store = CheckInStore(database, self.clock)
        self.guests = GuestStore(database, self.clock)
        self.cameras = CameraStore(database, self.clock)
        self.arrivals = GuestList(self.guests, self.store, self.clock, ZONE)
        self.watch = Watch(
            self.store.changes_after,
            self.store.last_position,
            WatchPolicy(heartbeat=15, watchers=PlaceShares(2, 3, 4)),
            kind="check-ins",
        )
        self.metrics = Metrics(version="0", engine="scripted").documents
        self.reader = TestReader()
        self.portraits = TestPortraits()
        self.desk = TestDesk()
        policy = LivenessPolicy(confidence=0.8, threshold=0.9)
        self.liveness = None
        if vendor is not None:
            self.liveness = LivenessSessions(vendor, ScriptedEngine(), self.clock, policy)
        self.service = self.server()

    def server(self) -> CheckInService:
        """Returns the service of another process on the same database; the desk is shared."""
        service = CheckInService(
            self.store,
            self.cameras,
            self.reader,
            PictureLook(PatchDetector()),
            self.liveness,
            Conclusion(self.arrivals, self.portraits, self.liveness, judged, self.clock),
            self.watch,
            self.clock,
            self.metrics,
            CheckInPolicy(patience=60, zone=ZONE),
        )
        service.captures_at(self.desk)
        return service

    def servicer(self) -> DocumentServicer:
        """Returns the service behind its RPCs."""
        holders = HolderStore(self._database, self.clock)
        site = SiteFacts(REGISTRY, "" if self.liveness is None else REGION)
        return DocumentServicer(self.service, self.store, holders, self.arrivals, self.watch, self.clock, site)

    def count(self, name: str, **labels: str) -> float:
        """Returns a counter of the metrics."""
        metrics = self.metrics
        known = (
            ("check_ins", metrics.check_ins),
            ("reasons", metrics.reasons),
            ("liveness", metrics.liveness_sessions),
        )
        metric = dict(known)[name]
        return float(metric.labels(**labels)._value.get())
