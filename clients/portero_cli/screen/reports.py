"""Readings of documents, check-ins and guests for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType

from portero_cli.screen.sheet import details, table
from portero_cli.screen.tables import local_time, percent
from portero_client import (
    CheckIn,
    CheckInFailure,
    CheckInReason,
    CheckInResult,
    CheckInState,
    CheckOutcome,
    DocumentField,
    DocumentReading,
    Guest,
    GuestStatus,
    LivenessSession,
    ReviewDecision,
)
from portero_client.names import CAMERAS, CHECK_INS, GUESTS

_OUTCOMES = {
    CheckOutcome.PASSED: "ok",
    CheckOutcome.FAILED: "NO",
    CheckOutcome.DOUBTFUL: "doubtful",
    CheckOutcome.NOT_CHECKED: "not checked",
}


def words(value: CheckInReason | CheckInFailure | GuestStatus | DocumentField | CheckOutcome | object) -> str:
    """Returns a word of the contract as people write it; of UNSPECIFIED, nothing."""
    said = str(getattr(value, "value", value))
    return "" if said == "unspecified" else said.replace("_", " ")


def answer(check_in: CheckIn) -> str:
    """Returns the answer of a check-in in one word or two: what a person decided counts before the result."""
    if check_in.state is CheckInState.RUNNING:
        return "running"
    if check_in.state is CheckInState.FAILED:
        return f"failed: {words(check_in.failure)}"
    if check_in.review is not None:
        decided = "accepted" if check_in.review.decision is ReviewDecision.ACCEPTED else "rejected"
        return f"{decided} by a person"
    return check_in.result.value


def name_on(reading: DocumentReading | None) -> str:
    """Returns the name on a document; empty: it was not read."""
    if reading is None:
        return ""
    names = (reading.value(DocumentField.GIVEN_NAMES), reading.value(DocumentField.SURNAMES))
    return " ".join(name for name in names if name)


def reading_report(reading: DocumentReading) -> list[RenderableType]:
    """Returns what a document says, field by field with its sources."""
    rows = [
        (
            words(field.field),
            field.value or "not read",
            words(field.agreement),
            ", ".join(
                f"{words(source.zone)}{_digit(source.check_digit)}{' (repaired)' if source.repaired else ''}"
                + (f": {source.value}" if source.value != field.value else "")
                for source in field.sources
            ),
        )
        for field in reading.fields
    ]
    shown: list[RenderableType] = [
        f"document: {words(reading.kind)}, {' and '.join(words(side) for side in reading.sides) or 'no side seen'}",
        table("field", "value", "sources say", "read in", rows=rows, spare=("read in",)),
    ]
    if reading.reasons:
        shown.append(f"wrong with it: {_listed(reading.reasons)}")
    return shown


def check_in_report(check_in: CheckIn) -> list[RenderableType]:
    """Returns a check-in as a whole: the answer first, then every check, and what was not checked."""
    face = check_in.face
    similarity = ""
    if face is not None:
        measured = "not compared" if face.similarity is None else percent(face.similarity)
        similarity = f"{measured}, {percent(face.threshold)} needed, {face.live_faces} live"
    review = check_in.review
    shown: list[RenderableType] = [
        f"{answer(check_in).upper()}{' - ' + _listed(check_in.reasons) if check_in.reasons else ''}",
        details(
            ("name", name_on(check_in.document)),
            ("run", check_in.document.value(DocumentField.RUN) if check_in.document is not None else ""),
            ("guest", words(check_in.guest_status)),
            ("earlier", check_in.earlier_check_in),
            ("face", similarity),
            ("suspicion", _suspicion(check_in)),
            ("liveness session", _liveness(check_in)),
            ("decided", "" if review is None else f"{review.reviewer or 'local'}: {review.reason}"),
            ("check-in", check_in.name),
            ("camera", check_in.camera),
            ("begun", local_time(check_in.create_time)),
            ("paid calls", check_in.paid_calls),
        ),
    ]
    if check_in.checks:
        rows = [(words(check.name), _OUTCOMES.get(check.outcome, ""), words(check.reason)) for check in check_in.checks]
        shown.append(table("check", "outcome", "reason", rows=rows))
    if check_in.document is not None:
        shown.extend(reading_report(check_in.document)[:2])
    if check_in.registry_uri and check_in.state is CheckInState.FINISHED:
        shown.append(f"ask the registry yourself: {check_in.registry_uri}")
    return shown


def session_line(session: LivenessSession) -> str:
    """Returns what the page on a guest's device needs for a liveness session."""
    return f"liveness session {session.session_id} in {session.region}, until {local_time(session.expire_time)}"


def check_ins_table(check_ins: Iterable[CheckIn]) -> RenderableType:
    """Returns a table of check-ins."""
    rows = [
        (
            local_time(check_in.create_time),
            CHECK_INS.identifier(check_in.name),
            answer(check_in),
            name_on(check_in.document),
            check_in.document.value(DocumentField.RUN) if check_in.document is not None else "",
            words(check_in.guest_status),
            CAMERAS.identifier(check_in.camera) if check_in.camera else "",
            _listed(check_in.reasons),
        )
        for check_in in check_ins
    ]
    columns = ("begun", "check-in", "answer", "name", "run", "guest", "camera", "reasons")
    return table(*columns, rows=rows, spare=("camera", "guest", "begun", "reasons", "run"))


def guests_table(guests: Sequence[Guest]) -> RenderableType:
    """Returns a table of expected guests."""
    rows = [
        (
            guest.display_name,
            guest.run or guest.document_number,
            guest.reference,
            CHECK_INS.identifier(guest.check_in) if guest.check_in else "not yet",
            GUESTS.identifier(guest.name),
        )
        for guest in guests
    ]
    return table("name", "run or number", "reference", "came", "guest", rows=rows, spare=("guest", "reference"))


def line_of(check_in: CheckIn) -> str:
    """Returns the line of a check-in that changed."""
    reasons = f" ({_listed(check_in.reasons)})" if check_in.reasons else ""
    moment = local_time(check_in.finish_time or check_in.create_time)
    camera = CAMERAS.identifier(check_in.camera) if check_in.camera else "-"
    return f"{moment}  {camera:<16}  {answer(check_in)}{reasons}  {name_on(check_in.document)}".rstrip()


def accepted(check_in: CheckIn) -> bool:
    """Whether the holder is in by the result, without a person's decision."""
    return check_in.result is CheckInResult.ACCEPTED


def _listed(reasons: Iterable[CheckInReason]) -> str:
    return ", ".join(words(reason) for reason in reasons)


def _digit(check_digit: bool | None) -> str:
    return {None: "", True: " ✓", False: " ✗"}[check_digit]


def _liveness(check_in: CheckIn) -> str:
    session = check_in.liveness_session
    if session is None:
        return ""
    if check_in.state is CheckInState.RUNNING:
        return f"{session.session_id} in {session.region}"
    return words(session.result) or "not known"


def _suspicion(check_in: CheckIn) -> str:
    liveness = check_in.liveness
    if liveness is None:
        return ""
    if liveness.suspicion is None:
        return "nothing can be said"
    return f"{percent(liveness.suspicion)} {', '.join(cue.replace('_', ' ') for cue in liveness.cues)}".rstrip()
