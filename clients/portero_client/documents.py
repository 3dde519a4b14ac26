"""Identity documents, check-ins with them, and the guests who are expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from portero_client.detections import Box
from portero_client.document_words import (
    CheckInFailure as CheckInFailure,
)
from portero_client.document_words import (
    CheckInReason as CheckInReason,
)
from portero_client.document_words import (
    CheckInResult as CheckInResult,
)
from portero_client.document_words import (
    CheckInState as CheckInState,
)
from portero_client.document_words import (
    CheckName as CheckName,
)
from portero_client.document_words import (
    CheckOutcome as CheckOutcome,
)
from portero_client.document_words import (
    DocumentField as DocumentField,
)
from portero_client.document_words import (
    DocumentKind as DocumentKind,
)
from portero_client.document_words import (
    DocumentSide as DocumentSide,
)
from portero_client.document_words import (
    DocumentZone as DocumentZone,
)
from portero_client.document_words import (
    FieldAgreement as FieldAgreement,
)
from portero_client.document_words import (
    GuestStatus as GuestStatus,
)
from portero_client.document_words import (
    LivenessResult as LivenessResult,
)
from portero_client.document_words import (
    ReviewDecision as ReviewDecision,
)


@dataclass(frozen=True, slots=True)
class FieldSource:
    """What one zone of a document says of one field.

    Attributes:
        zone: Where it was read.
        value: What it says, normalized.
        confidence: How sure the reader is of the characters, 0..1.
        side: On which side.
        box: Where on the side, in ratios of the card; None: not known.
        check_digit: Whether its check digit is right; None: it has none.
        repaired: Whether characters were corrected to get there.
    """

    zone: DocumentZone
    value: str
    confidence: float
    side: DocumentSide
    box: Box | None
    check_digit: bool | None
    repaired: bool


@dataclass(frozen=True, slots=True)
class FieldReading:
    """One field of a document: its value (empty: nothing reliable was read), its sources, and whether they agree."""

    field: DocumentField
    value: str
    agreement: FieldAgreement
    sources: tuple[FieldSource, ...]


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """What a document says.

    Attributes:
        kind: Which document it is.
        fields: One for each field.
        reasons: What is wrong with the document and its text by themselves.
        sides: The sides of which anything was read.
    """

    kind: DocumentKind
    fields: tuple[FieldReading, ...]
    reasons: tuple[CheckInReason, ...]
    sides: tuple[DocumentSide, ...]

    def value(self, field: DocumentField) -> str:
        """Returns the value of a field; empty: nothing reliable was read."""
        return next((reading.value for reading in self.fields if reading.field is field), "")


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document that was read, and how many calls were paid for."""

    document: DocumentReading
    paid_calls: int


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a report; its reason is UNSPECIFIED if it passed or was not made."""

    name: CheckName
    outcome: CheckOutcome
    reason: CheckInReason


@dataclass(frozen=True, slots=True)
class FaceEvidence:
    """How the live face and the portrait compared.

    Attributes:
        similarity: 0..1 on the engine's scale; None: they were not compared.
        threshold: Lowest similarity of one person.
        live_faces: Most people that were before the camera at once.
        portrait_found: Whether a face was found on the document.
    """

    similarity: float | None
    threshold: float
    live_faces: int
    portrait_found: bool


@dataclass(frozen=True, slots=True)
class LivenessEvidence:
    """A suspicion that face or card is a picture of one, 0..1 (None: nothing could be said), and what it rests on."""

    suspicion: float | None
    cues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LivenessSession:
    """A session of Amazon's Face Liveness, which the person makes with a device of their own.

    Attributes:
        session_id: What Amazon's FaceLivenessDetector on that device needs; empty: it is not begun yet, or could not
            be.
        region: The AWS region it needs.
        expire_time: When the person must have finished, for the session to count, UTC.
        result: What became of it.
    """

    session_id: str
    region: str
    expire_time: datetime
    result: LivenessResult


@dataclass(frozen=True, slots=True)
class Review:
    """A person's decision about a check-in: what, why, by which credential's subject, and when (UTC)."""

    decision: ReviewDecision
    reason: str
    reviewer: str
    review_time: datetime


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A check-in: a card, the face of who holds it, and the answer.

    Attributes:
        name: Resource name, "checkIns/{check_in}".
        camera: Where, "cameras/{camera}"; empty: with pictures, at no camera.
        state: The step that it is at.
        failure: Why it has no result.
        result: The answer; what a person decided stands in `review` and counts instead.
        reasons: Why it is not ACCEPTED.
        checks: Every check, also those that are never made.
        document: What the card says; None until it was read.
        face: How the faces compared; None: they were not looked at.
        liveness: The suspicion of a picture; None: it was not looked for.
        liveness_session: The liveness session of the holder; None: the check-in asked for none.
        guest_status: Whether the holder is expected.
        guest: The expected guest that the holder is, "guests/{guest}"; empty: none.
        earlier_check_in: An earlier one of the same holder, "checkIns/{check_in}"; empty: none that is stored.
        review: A person's decision; None: none.
        admitted: Whether the holder is in.
        paid_calls: Calls that were paid for.
        registry_uri: Public page on which a person can ask the registry; empty: none is set.
        create_time: When it was begun, UTC.
        expire_time: When it ends as TIMED_OUT, if it still runs, UTC.
        finish_time: When it ended, UTC; None: it runs.
    """

    name: str
    camera: str
    state: CheckInState
    failure: CheckInFailure
    result: CheckInResult
    reasons: tuple[CheckInReason, ...]
    checks: tuple[Check, ...]
    document: DocumentReading | None
    face: FaceEvidence | None
    liveness: LivenessEvidence | None
    liveness_session: LivenessSession | None
    guest_status: GuestStatus
    guest: str
    earlier_check_in: str
    review: Review | None
    admitted: bool
    paid_calls: int
    registry_uri: str
    create_time: datetime
    expire_time: datetime
    finish_time: datetime | None

    @property
    def running(self) -> bool:
        """Whether its card and face are still being looked for."""
        return self.state is CheckInState.RUNNING


@dataclass(frozen=True, slots=True)
class CheckInChange:
    """A check-in that changed, as it is now, and the position to resume a watch after."""

    position: int
    check_in: CheckIn


@dataclass(frozen=True, slots=True)
class NewGuest:
    """A guest to be expected.

    Attributes:
        display_name: Full name.
        run: RUN with its check digit, with or without dots; empty: not known.
        document_number: Number of another document; empty: not known.
        arrival_date: Day of arrival at the site; None: today.
        reference: The house's own number of the reservation; empty: none.
    """

    display_name: str
    run: str = ""
    document_number: str = ""
    arrival_date: date | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Guest:
    """An expected guest; see `NewGuest`.

    Attributes:
        name: Resource name, "guests/{guest}".
        check_in: The check-in by which they came, "checkIns/{check_in}"; empty: not yet.
    """

    name: str
    display_name: str
    run: str
    document_number: str
    arrival_date: date
    reference: str
    check_in: str


@dataclass(frozen=True, slots=True)
class ImportedGuests:
    """The guests that were added, and how many were on the list already."""

    guests: tuple[Guest, ...]
    known_count: int
