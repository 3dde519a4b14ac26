"""A check-in, from the card in view to a person's decision; and an expected guest as it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from portero_server.domain.documents.document import DocumentReading, Field
from portero_server.domain.documents.judgment import CheckInReport, CheckInResult, Liveness
from portero_server.domain.documents.liveness_session import LIFETIME, LivenessResult

RUN_LABEL = "run"
"""The label by which a person of the gallery is the holder of a RUN, whose check-ins are exported and erased too."""


class CheckInState(Enum):
    """Where a check-in is; the last two are final."""

    RUNNING = "running"
    FINISHED = "finished"
    """There is a report."""
    FAILED = "failed"
    """There is none; `CheckInFailure` says why."""


class CheckInFailure(Enum):
    """Why a check-in has no report."""

    TIMED_OUT = "timed_out"
    """The deadline came before a card with both sides and a face."""
    STREAM_ENDED = "stream_ended"
    """The camera's stream ended, or another session took it over."""
    ENGINE_FAILED = "engine_failed"
    """The engine did not read the card, or did not compare the faces."""
    INTERRUPTED = "interrupted"
    """The server that captured it stopped."""
    SUPERSEDED = "superseded"
    """Another check-in was begun at the same camera in its place."""
    CANCELED = "canceled"
    """Somebody canceled it."""


class Decision(Enum):
    """What a person decided about a check-in."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class GuestStatus(Enum):
    """Whether the holder of a document is expected."""

    EXPECTED = "expected"
    """One of today's arrivals, not in yet."""
    ALREADY_IN = "already_in"
    """Checked in today before."""
    KNOWN = "known"
    """Not expected today, but checked in before today."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Review:
    """A person's decision.

    Attributes:
        decision: What they decided.
        reason: Why, in their words.
        by: The subject of their credential.
        at: When they decided, UTC.
    """

    decision: Decision
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FaceSummary:
    """What is kept of the comparison: similarity (None: not compared), threshold, and how many faces were there."""

    similarity: float | None
    threshold: float
    live_faces: int
    portrait_found: bool


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One check-in.

    Attributes:
        check_in_id: Made up for it.
        camera_id: Where; None: with pictures, at no camera.
        state: The step that it is at.
        created_at: When it was begun.
        deadline_at: When a running one fails.
        finished_at: When it ended; None: it runs.
        failure: Why it has no report; None unless FAILED.
        reading: What the card says; None until it was read.
        report: The answer; None unless FINISHED.
        face: How the faces compared; None: they were not looked at.
        liveness: What a passive look says; None: it is off, or a picture was given.
        liveness_session_id: The liveness session that the person's device runs; empty: one was asked for and is not
            begun yet; None: none was asked for.
        liveness_result: What became of that session; None: not known yet, or none was asked for.
        paid_calls: Calls that were paid for.
        guest_id: The expected guest it is; None: none.
        guest_status: Whether the holder is expected; None until finished.
        earlier_id: An earlier check-in of the holder, where there is one.
        review: A person's decision; None: none.
        position: Position of its latest change.
    """

    check_in_id: str
    camera_id: str | None
    state: CheckInState
    created_at: datetime
    deadline_at: datetime
    finished_at: datetime | None = None
    failure: CheckInFailure | None = None
    reading: DocumentReading | None = None
    report: CheckInReport | None = None
    face: FaceSummary | None = None
    liveness: Liveness | None = None
    liveness_session_id: str | None = None
    liveness_result: LivenessResult | None = None
    paid_calls: int = 0
    guest_id: str | None = None
    guest_status: GuestStatus | None = None
    earlier_id: str | None = None
    review: Review | None = None
    position: int = 0

    @property
    def liveness_until(self) -> datetime:
        """By when the person must have finished a liveness session for it to count."""
        return min(self.deadline_at, self.created_at + timedelta(seconds=LIFETIME))

    @property
    def admitted(self) -> bool:
        """Whether the holder is in: accepted, or a person said so; what a person said counts."""
        if self.review is not None:
            return self.review.decision is Decision.ACCEPTED
        return self.report is not None and self.report.result is CheckInResult.ACCEPTED


@dataclass(frozen=True, slots=True)
class Guest:
    """An expected guest.

    Attributes:
        guest_id: Made up for them.
        display_name: Full name.
        arrival_date: The day, at the site.
        run: Normalized, 12345678-5; None: not known.
        document_number: Number of a document other than a RUN's; None: not known.
        reference: The house's own number of the reservation; empty: none.
        check_in_id: The check-in by which they came; None: not yet.
    """

    guest_id: str
    display_name: str
    arrival_date: date
    run: str | None = None
    document_number: str | None = None
    reference: str = ""
    check_in_id: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose document it is: by RUN, or by document number where there is no RUN. One of the two is given."""

    run: str | None = None
    document_number: str | None = None


def holder_of(reading: DocumentReading | None) -> Holder | None:
    """Returns the holder of a document that was read; None: neither RUN nor number was."""
    if reading is None:
        return None
    run, number = reading.value(Field.RUN), reading.value(Field.DOCUMENT_NUMBER)
    if run is not None:
        return Holder(run=run)
    return None if number is None else Holder(document_number=number)
