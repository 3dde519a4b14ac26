"""Converts between messages about documents, check-ins and guests, and dataclasses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from portero.v1 import document_service_pb2 as pb2

from portero_client import documents as sdk
from portero_client.convert import box_from, time_from

_EnumT = TypeVar("_EnumT", bound=Enum)


def _numbers(words: type[_EnumT], numbers: Any, prefix: str) -> dict[int, _EnumT]:
    return {numbers.Value(f"{prefix}_{word.name}"): word for word in words}


_KINDS = _numbers(sdk.DocumentKind, pb2.DocumentKind, "DOCUMENT_KIND")
_FIELDS = _numbers(sdk.DocumentField, pb2.DocumentField, "DOCUMENT_FIELD")
_ZONES = _numbers(sdk.DocumentZone, pb2.DocumentZone, "DOCUMENT_ZONE")
_SIDES = _numbers(sdk.DocumentSide, pb2.DocumentSide, "DOCUMENT_SIDE")
_AGREEMENTS = _numbers(sdk.FieldAgreement, pb2.FieldAgreement, "FIELD_AGREEMENT")
_REASONS = _numbers(sdk.CheckInReason, pb2.CheckInReason, "CHECK_IN_REASON")
_RESULTS = _numbers(sdk.CheckInResult, pb2.CheckInResult, "CHECK_IN_RESULT")
_CHECKS = _numbers(sdk.CheckName, pb2.CheckName, "CHECK_NAME")
_OUTCOMES = _numbers(sdk.CheckOutcome, pb2.CheckOutcome, "CHECK_OUTCOME")
_LIVENESS = _numbers(sdk.LivenessResult, pb2.LivenessResult, "LIVENESS_RESULT")
_STATES = _numbers(sdk.CheckInState, pb2.CheckInState, "CHECK_IN_STATE")
_FAILURES = _numbers(sdk.CheckInFailure, pb2.CheckInFailure, "CHECK_IN_FAILURE")
_STATUSES = _numbers(sdk.GuestStatus, pb2.GuestStatus, "GUEST_STATUS")
_DECISIONS = _numbers(sdk.ReviewDecision, pb2.ReviewDecision, "REVIEW_DECISION")


def result_to(result: sdk.CheckInResult) -> pb2.CheckInResult.ValueType:
    """Returns the number of a result."""
    return pb2.CheckInResult.Value(f"CHECK_IN_RESULT_{result.name}")


def decision_to(decision: sdk.ReviewDecision) -> pb2.ReviewDecision.ValueType:
    """Returns the number of a decision."""
    return pb2.ReviewDecision.Value(f"REVIEW_DECISION_{decision.name}")


def guest_to(guest: sdk.NewGuest) -> pb2.Guest:
    """Returns the message for a guest to be expected."""
    return pb2.Guest(
        display_name=guest.display_name,
        run=guest.run,
        document_number=guest.document_number,
        arrival_date="" if guest.arrival_date is None else guest.arrival_date.isoformat(),
        reference=guest.reference,
    )


def document_from(message: pb2.DocumentReading) -> sdk.DocumentReading:
    """Returns what a document says."""
    return sdk.DocumentReading(
        kind=_KINDS.get(message.kind, sdk.DocumentKind.UNSPECIFIED),
        fields=tuple(_field_from(field) for field in message.fields),
        reasons=_reasons_from(message.reasons),
        sides=tuple(_SIDES.get(side, sdk.DocumentSide.UNSPECIFIED) for side in message.sides),
    )


def read_from(answer: pb2.ReadDocumentResponse) -> sdk.ReadDocument:
    """Returns a document that was read."""
    return sdk.ReadDocument(document_from(answer.document), answer.paid_calls)


def check_in_from(message: pb2.CheckIn) -> sdk.CheckIn:
    """Returns a CheckIn for a protobuf message."""
    return sdk.CheckIn(
        name=message.name,
        camera=message.camera,
        state=_STATES.get(message.state, sdk.CheckInState.UNSPECIFIED),
        failure=_FAILURES.get(message.failure, sdk.CheckInFailure.UNSPECIFIED),
        result=_RESULTS.get(message.result, sdk.CheckInResult.UNSPECIFIED),
        reasons=_reasons_from(message.reasons),
        checks=tuple(_check_from(check) for check in message.checks),
        document=document_from(message.document) if message.HasField("document") else None,
        face=_face_from(message.face) if message.HasField("face") else None,
        liveness=_liveness_from(message.liveness) if message.HasField("liveness") else None,
        liveness_session=_liveness_session_from(message.liveness_session)
        if message.HasField("liveness_session")
        else None,
        guest_status=_STATUSES.get(message.guest_status, sdk.GuestStatus.UNSPECIFIED),
        guest=message.guest,
        earlier_check_in=message.earlier_check_in,
        review=_review_from(message.review) if message.HasField("review") else None,
        admitted=message.admitted,
        paid_calls=message.paid_calls,
        registry_uri=message.registry_uri,
        create_time=time_from(message.create_time),
        expire_time=time_from(message.expire_time),
        finish_time=time_from(message.finish_time) if message.HasField("finish_time") else None,
    )


def change_from(data: bytes) -> tuple[int, sdk.CheckInChange | None]:
    """Returns the position of a response of WatchCheckIns, and the change in it, if there is one."""
    message = pb2.WatchCheckInsResponse.FromString(data)
    if not message.HasField("check_in"):
        return message.position, None
    return message.position, sdk.CheckInChange(message.position, check_in_from(message.check_in))


def guest_from(message: pb2.Guest) -> sdk.Guest:
    """Returns an expected guest."""
    return sdk.Guest(
        name=message.name,
        display_name=message.display_name,
        run=message.run,
        document_number=message.document_number,
        arrival_date=date.fromisoformat(message.arrival_date),
        reference=message.reference,
        check_in=message.check_in,
    )


def imported_from(answer: pb2.ImportGuestsResponse) -> sdk.ImportedGuests:
    """Returns what an import did."""
    return sdk.ImportedGuests(tuple(guest_from(guest) for guest in answer.guests), answer.known_count)


def images_to(documents: Sequence[bytes], live: bytes) -> pb2.CheckInImages:
    """Returns the message for the pictures of a check-in."""
    return pb2.CheckInImages(document_images=documents, live_image=live)


def _reasons_from(numbers: Iterable[int]) -> tuple[sdk.CheckInReason, ...]:
    return tuple(_REASONS.get(number, sdk.CheckInReason.UNSPECIFIED) for number in numbers)


def _field_from(message: pb2.FieldReading) -> sdk.FieldReading:
    return sdk.FieldReading(
        _FIELDS.get(message.field, sdk.DocumentField.UNSPECIFIED),
        message.value,
        _AGREEMENTS.get(message.agreement, sdk.FieldAgreement.UNSPECIFIED),
        tuple(_source_from(source) for source in message.sources),
    )


def _source_from(message: pb2.FieldSource) -> sdk.FieldSource:
    return sdk.FieldSource(
        zone=_ZONES.get(message.zone, sdk.DocumentZone.UNSPECIFIED),
        value=message.value,
        confidence=message.confidence,
        side=_SIDES.get(message.side, sdk.DocumentSide.UNSPECIFIED),
        box=box_from(message.box) if message.HasField("box") else None,
        check_digit=message.check_digit if message.HasField("check_digit") else None,
        repaired=message.repaired,
    )


def _check_from(message: pb2.Check) -> sdk.Check:
    return sdk.Check(
        _CHECKS.get(message.name, sdk.CheckName.UNSPECIFIED),
        _OUTCOMES.get(message.outcome, sdk.CheckOutcome.UNSPECIFIED),
        _REASONS.get(message.reason, sdk.CheckInReason.UNSPECIFIED),
    )


def _face_from(message: pb2.FaceEvidence) -> sdk.FaceEvidence:
    similarity = message.similarity if message.HasField("similarity") else None
    return sdk.FaceEvidence(similarity, message.threshold, message.live_faces, message.portrait_found)


def _liveness_from(message: pb2.LivenessEvidence) -> sdk.LivenessEvidence:
    suspicion = message.suspicion if message.HasField("suspicion") else None
    return sdk.LivenessEvidence(suspicion, tuple(message.cues))


def _liveness_session_from(message: pb2.LivenessSession) -> sdk.LivenessSession:
    result = _LIVENESS.get(message.result, sdk.LivenessResult.UNSPECIFIED)
    return sdk.LivenessSession(message.session_id, message.region, time_from(message.expire_time), result)


def _review_from(message: pb2.Review) -> sdk.Review:
    decision = _DECISIONS.get(message.decision, sdk.ReviewDecision.UNSPECIFIED)
    return sdk.Review(decision, message.reason, message.reviewer, time_from(message.review_time))
