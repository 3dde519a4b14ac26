"""Whether somebody may check in: the document, the face and the rest, check by check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.documents.document_checks import (
    Check,
    CheckName,
    CheckOutcome,
    document_checks,
    reasons_of,
)
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.domain.documents.reasons import Reason

__all__ = [
    "Check",
    "CheckInReport",
    "CheckInResult",
    "CheckName",
    "CheckOutcome",
    "FaceEvidence",
    "Liveness",
    "Standing",
    "judge",
]


_SESSION_REASONS = {
    LivenessResult.FAILED: Reason.LIVENESS_FAILED,
    LivenessResult.EXPIRED: Reason.LIVENESS_EXPIRED,
    LivenessResult.OTHER_FACE: Reason.LIVENESS_OTHER_FACE,
    LivenessResult.UNCONFIRMED: Reason.LIVENESS_UNCONFIRMED,
}


class CheckInResult(Enum):
    """The answer of a check-in."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    """A person must look at it."""
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class FaceEvidence:
    """How the live face compares with the document's portrait.

    Attributes:
        similarity: 0..1, or None when they were not compared.
        live_faces: Most people that were before the camera at once.
        portrait_found: Whether a face was found on the document.
        threshold: Lowest similarity of one person.
        review_margin: A similarity that is no further below the threshold is doubtful, and a person looks.
        live_quality: Quality of the live face, 0..1; None if unknown.
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
        limit: The suspicion from which on a person looks.
    """

    suspicion: float | None
    cues: tuple[str, ...] = ()
    limit: float = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """How the holder of a document stands to the guest list.

    Attributes:
        expected: Whether they are on it.
        already_in: Whether they checked in today before.
        uncertain: Whether several guests may be meant, or one who was booked under another number.
    """

    expected: bool
    already_in: bool
    uncertain: bool


@dataclass(frozen=True, slots=True)
class CheckInReport:
    """The answer: result, all its reasons, and every check, also those that are never made."""

    result: CheckInResult
    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...]


def judge(
    reading: DocumentReading,
    face: FaceEvidence | None,
    liveness: Liveness | None,
    today: date,
    *,
    liveness_result: LivenessResult | None = None,
    standing: Standing | None = None,
) -> CheckInReport:
    """Returns the report of a check-in.

    One failed check rejects, one doubtful one sends to a person; what was not checked is in the report, and only the
    face must have been.

    Args:
        reading: What the document says.
        face: How the live face compares with the portrait, or None when nobody was compared.
        liveness: What speaks against a live person, or None when nobody looked.
        today: The site's date.
        liveness_result: What became of the liveness session, or None where none was asked for.
        standing: How the holder stands to the guest list, or None where there is none.
    """
    checks = (
        *document_checks(reading, today),
        _face(face),
        _liveness(liveness),
        _liveness_session(liveness_result),
        *_standing(standing),
        Check(CheckName.QR_AUTHENTICITY, CheckOutcome.NOT_CHECKED),
        Check(CheckName.REGISTRY, CheckOutcome.NOT_CHECKED),
    )
    outcomes = {check.outcome for check in checks}
    if CheckOutcome.FAILED in outcomes:
        result = CheckInResult.REJECTED
    elif CheckOutcome.DOUBTFUL in outcomes:
        result = CheckInResult.REVIEW
    else:
        result = CheckInResult.ACCEPTED
    return CheckInReport(result, reasons_of(checks), checks)


def _face(face: FaceEvidence | None) -> Check:
    if face is None or not face.live_faces:
        return _doubtful(CheckName.FACE, Reason.NO_LIVE_FACE)
    if not face.portrait_found:
        return _doubtful(CheckName.FACE, Reason.NO_PORTRAIT)
    if face.live_faces > 1:
        return _doubtful(CheckName.FACE, Reason.SEVERAL_FACES)
    if face.live_size is not None and face.live_size < face.min_size:
        return _doubtful(CheckName.FACE, Reason.FACE_TOO_SMALL)
    if face.similarity is None or (face.live_quality is not None and face.live_quality < face.min_quality):
        return _doubtful(CheckName.FACE, Reason.FACE_UNCLEAR)
    if face.similarity >= face.threshold:
        return Check(CheckName.FACE, CheckOutcome.PASSED)
    if face.similarity >= face.threshold - face.review_margin:
        return _doubtful(CheckName.FACE, Reason.FACE_DOUBTFUL)
    return Check(CheckName.FACE, CheckOutcome.FAILED, Reason.FACE_DIFFERS)


def _liveness(liveness: Liveness | None) -> Check:
    if liveness is None or liveness.suspicion is None:
        return Check(CheckName.LIVENESS, CheckOutcome.NOT_CHECKED)
    if liveness.suspicion >= liveness.limit:
        return _doubtful(CheckName.LIVENESS, Reason.SUSPECTED_SPOOF)
    return Check(CheckName.LIVENESS, CheckOutcome.PASSED)


def _liveness_session(result: LivenessResult | None) -> Check:
    if result is None:
        return Check(CheckName.LIVENESS_SESSION, CheckOutcome.NOT_CHECKED)
    if result is LivenessResult.PASSED:
        return Check(CheckName.LIVENESS_SESSION, CheckOutcome.PASSED)
    # Never a rejection: a guest who gave the device to a companion is not an impostor, and no comparison is that sure.
    return _doubtful(CheckName.LIVENESS_SESSION, _SESSION_REASONS[result])


def _standing(standing: Standing | None) -> tuple[Check, Check]:
    if standing is None:
        return (
            Check(CheckName.DUPLICATE, CheckOutcome.NOT_CHECKED),
            Check(CheckName.GUEST, CheckOutcome.NOT_CHECKED),
        )
    duplicate = Check(CheckName.DUPLICATE, CheckOutcome.PASSED)
    if standing.already_in:
        duplicate = _doubtful(CheckName.DUPLICATE, Reason.ALREADY_CHECKED_IN)
    if standing.uncertain:
        return duplicate, _doubtful(CheckName.GUEST, Reason.GUEST_UNCERTAIN)
    # Who comes without being expected is told, and may still check in.
    return duplicate, Check(CheckName.GUEST, CheckOutcome.PASSED if standing.expected else CheckOutcome.NOT_CHECKED)


def _doubtful(name: CheckName, reason: Reason) -> Check:
    return Check(name, CheckOutcome.DOUBTFUL, reason)
