"""From a reading to the answer: the judgment of document and face, with who is expected and who is in already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portero_server.domain.documents.check_in import CheckIn, Guest, GuestStatus
from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.documents.guests import match_guest
from portero_server.domain.documents.judgment import CheckInReport, FaceEvidence, Liveness, judge
from portero_server.domain.documents.liveness_session import LivenessResult


@dataclass(frozen=True, slots=True)
class GuestBook:
    """What is known of guests when a check-in is judged.

    Attributes:
        today: The date at the site.
        arrivals: Who is expected today.
        earlier_today: The holder's latest check-in of today by which they were admitted, or None.
        earlier: Their latest one before today, or None.
    """

    today: date
    arrivals: Sequence[Guest] = ()
    earlier_today: CheckIn | None = None
    earlier: CheckIn | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer of a check-in, and who of the guests it is."""

    report: CheckInReport
    guest_status: GuestStatus
    guest_id: str | None = None
    earlier_id: str | None = None


def judged(
    reading: DocumentReading,
    face: FaceEvidence | None,
    liveness: Liveness | None,
    book: GuestBook,
    liveness_result: LivenessResult | None = None,
) -> Judged:
    """Returns the report of a check-in, and who of the expected guests holds the document."""
    match = match_guest(
        reading,
        book.arrivals,
        earlier_today=book.earlier_today is not None,
        earlier=book.earlier is not None,
    )
    report = judge(reading, face, liveness, book.today, liveness_result=liveness_result, standing=match.standing)
    before = book.earlier_today or book.earlier
    return Judged(
        report,
        match.status,
        None if match.guest is None else match.guest.guest_id,
        None if before is None else before.check_in_id,
    )
