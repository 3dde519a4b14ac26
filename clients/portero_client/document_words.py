"""The words in which documents and check-ins are told.

An UNSPECIFIED word stands for nothing, or for one of a newer server that this SDK does not know.
"""

from __future__ import annotations

from enum import Enum


class DocumentKind(Enum):
    """Which document it is; the years are those in which a series began."""

    UNSPECIFIED = "unspecified"
    UNKNOWN = "unknown"
    ID_CARD_2013 = "id_card_2013"
    ID_CARD_2024 = "id_card_2024"
    ID_CARD_LEGACY = "id_card_legacy"
    FOREIGN_ID_2013 = "foreign_id_2013"
    FOREIGN_ID_2024 = "foreign_id_2024"
    PASSPORT = "passport"


class DocumentField(Enum):
    """What is read of a document."""

    UNSPECIFIED = "unspecified"
    RUN = "run"
    DOCUMENT_NUMBER = "document_number"
    SURNAMES = "surnames"
    GIVEN_NAMES = "given_names"
    NATIONALITY = "nationality"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    ISSUE_DATE = "issue_date"
    EXPIRY_DATE = "expiry_date"


class DocumentZone(Enum):
    """Where on a document a value was read."""

    UNSPECIFIED = "unspecified"
    PRINT = "print"
    MRZ = "mrz"
    QR = "qr"
    PDF417 = "pdf417"


class DocumentSide(Enum):
    """A side of a document; a passport has a front only."""

    UNSPECIFIED = "unspecified"
    FRONT = "front"
    BACK = "back"


class FieldAgreement(Enum):
    """What the sources of a field say together."""

    UNSPECIFIED = "unspecified"
    AGREES = "agrees"
    SINGLE = "single"
    DIFFERS = "differs"
    MISSING = "missing"
    BEGINS_ALIKE = "begins_alike"


class CheckInReason(Enum):
    """Why somebody is not simply accepted."""

    UNSPECIFIED = "unspecified"
    UNSUPPORTED_DOCUMENT = "unsupported_document"
    UNREADABLE = "unreadable"
    SIDE_MISSING = "side_missing"
    NO_CHECKED_ZONE = "no_checked_zone"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    RUN_CHECK_DIGIT = "run_check_digit"
    MRZ_CHECK_DIGIT = "mrz_check_digit"
    REPAIRED = "repaired"
    FIELDS_DIFFER = "fields_differ"
    QR_DIFFERS = "qr_differs"
    NAME_DIFFERS = "name_differs"
    NO_PORTRAIT = "no_portrait"
    NO_LIVE_FACE = "no_live_face"
    SEVERAL_FACES = "several_faces"
    FACE_TOO_SMALL = "face_too_small"
    FACE_UNCLEAR = "face_unclear"
    FACE_DOUBTFUL = "face_doubtful"
    FACE_DIFFERS = "face_differs"
    SUSPECTED_SPOOF = "suspected_spoof"
    ALREADY_CHECKED_IN = "already_checked_in"
    GUEST_UNCERTAIN = "guest_uncertain"
    NAME_UNCONFIRMED = "name_unconfirmed"
    LIVENESS_FAILED = "liveness_failed"
    LIVENESS_EXPIRED = "liveness_expired"
    LIVENESS_OTHER_FACE = "liveness_other_face"
    LIVENESS_UNCONFIRMED = "liveness_unconfirmed"


class CheckInResult(Enum):
    """The answer of a check-in."""

    UNSPECIFIED = "unspecified"
    ACCEPTED = "accepted"
    REVIEW = "review"
    REJECTED = "rejected"


class CheckName(Enum):
    """The checks of a report, in its order."""

    UNSPECIFIED = "unspecified"
    DOCUMENT_KIND = "document_kind"
    SIDES = "sides"
    EXPIRY = "expiry"
    DATES = "dates"
    RUN_DIGIT = "run_digit"
    MRZ_DIGITS = "mrz_digits"
    PRINT_AGAINST_MRZ = "print_against_mrz"
    PROOF = "proof"
    QR_AGAINST_CARD = "qr_against_card"
    NAMES = "names"
    FACE = "face"
    LIVENESS = "liveness"
    LIVENESS_SESSION = "liveness_session"
    DUPLICATE = "duplicate"
    GUEST = "guest"
    QR_AUTHENTICITY = "qr_authenticity"
    REGISTRY = "registry"


class CheckOutcome(Enum):
    """How one check ended."""

    UNSPECIFIED = "unspecified"
    PASSED = "passed"
    FAILED = "failed"
    DOUBTFUL = "doubtful"
    NOT_CHECKED = "not_checked"


class LivenessResult(Enum):
    """What became of a liveness session; UNSPECIFIED: not known yet, or the check-in has no report."""

    UNSPECIFIED = "unspecified"
    PASSED = "passed"
    FAILED = "failed"
    EXPIRED = "expired"
    OTHER_FACE = "other_face"
    UNCONFIRMED = "unconfirmed"


class CheckInState(Enum):
    """Where a check-in is."""

    UNSPECIFIED = "unspecified"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class CheckInFailure(Enum):
    """Why a check-in has no result."""

    UNSPECIFIED = "unspecified"
    TIMED_OUT = "timed_out"
    STREAM_ENDED = "stream_ended"
    ENGINE_FAILED = "engine_failed"
    INTERRUPTED = "interrupted"
    SUPERSEDED = "superseded"
    CANCELED = "canceled"


class GuestStatus(Enum):
    """Whether the holder of a document is expected."""

    UNSPECIFIED = "unspecified"
    EXPECTED = "expected"
    ALREADY_IN = "already_in"
    KNOWN = "known"
    UNKNOWN = "unknown"


class ReviewDecision(Enum):
    """What a person decided."""

    UNSPECIFIED = "unspecified"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
