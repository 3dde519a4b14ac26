"""Whether somebody may check in: the document, the face and the rest, check by check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from portero_server.domain.documents.reasons import Reason


class CheckInResult(Enum):
    """The answer of a check-in."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    """A person must look at it."""
    REJECTED = "rejected"


class CheckOutcome(Enum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "failed"
    DOUBTFUL = "doubtful"
    NOT_CHECKED = "not_checked"


class CheckName(Enum):
    """The checks of a report, in its order."""

    DOCUMENT_KIND = "document_kind"
    SIDES = "sides"
    EXPIRY = "expiry"
    DATES = "dates"
    RUN_DIGIT = "run_digit"
    MRZ_DIGITS = "mrz_digits"
    PRINT_AGAINST_MRZ = "print_against_mrz"
    QR_AGAINST_CARD = "qr_against_card"
    NAMES = "names"
    FACE = "face"
    LIVENESS = "liveness"
    DUPLICATE = "duplicate"
    GUEST = "guest"
    QR_AUTHENTICITY = "qr_authenticity"
    """Never made: the QR code is not signed."""
    REGISTRY = "registry"
    """Never made: the registry's public page is for people."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its outcome, and the reason unless it passed or was not made."""

    name: CheckName
    outcome: CheckOutcome
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class FaceEvidence:
    """How the live face compares with the document's portrait.

    Attributes:
        similarity: 0..1, or None when they were not compared.
        live_faces: Most people that were before the camera at once.
        portrait_found: Whether a face was found on the document.
        threshold: Lowest similarity of one person.
        review_margin: A similarity that is no further below the threshold is doubtful, and a person looks.
        live_quality: Of the live face, 0..1, or None when unknown.
        min_quality: Lowest quality of a live face that may be compared.
        live_size: Width of the live face in pixels, or None when unknown.
        min_size: Smallest width that may be compared, pixels.
    """

    similarity: float | None
    live_faces: int
    portrait_found: bool
    threshold: float
    review_margin: float = 0.0
    live_quality: float | None = None
    min_quality: float = 0.0
    live_size: int | None = None
    min_size: int = 0


@dataclass(frozen=True, slots=True)
class Liveness:
    """A suspicion that a face or card is a picture of one; it never speaks for somebody.

    Attributes:
        suspicion: 0..1, or None when nothing could be said.
        cues: What it rests on, as short words ("moves_as_one", "screen_pattern").
        limit: From this suspicion on a person looks.
    """

    suspicion: float | None
    cues: tuple[str, ...] = ()
    limit: float = 0.5


@dataclass(frozen=True, slots=True)
class CheckInReport:
    """The answer: result, all its reasons, and every check, also those that are never made."""

    result: CheckInResult
    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...]
