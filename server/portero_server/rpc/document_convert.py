"""Converts between documents, check-ins and guests, and protobuf messages."""

from __future__ import annotations

from dataclasses import dataclass

from portero.v1 import document_service_pb2 as pb

from portero_server.domain.documents.check_in import (
    CheckIn,
    CheckInFailure,
    CheckInState,
    Decision,
    FaceSummary,
    Guest,
    GuestStatus,
    Review,
)
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
from portero_server.domain.documents.document_checks import Check, CheckName, CheckOutcome
from portero_server.domain.documents.judgment import CheckInResult, Liveness
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.domain.documents.reasons import Reason
from portero_server.errors import InvalidInput
from portero_server.rpc.convert import box_to_proto, time_to_proto
from portero_server.rpc.resource_names import camera_name, check_in_name, guest_name
from portero_server.watching.watch import WatchUpdate

_KINDS = {kind: pb.DocumentKind.Value(f"DOCUMENT_KIND_{kind.name}") for kind in DocumentKind}
_FIELDS = {field: pb.DocumentField.Value(f"DOCUMENT_FIELD_{field.name}") for field in Field}
_ZONES = {zone: pb.DocumentZone.Value(f"DOCUMENT_ZONE_{zone.name}") for zone in Zone}
_SIDES = {side: pb.DocumentSide.Value(f"DOCUMENT_SIDE_{side.name}") for side in CardSide}
_AGREEMENTS = {each: pb.FieldAgreement.Value(f"FIELD_AGREEMENT_{each.name}") for each in Agreement}
_REASONS = {reason: pb.CheckInReason.Value(f"CHECK_IN_REASON_{reason.name}") for reason in Reason}
_RESULTS = {result: pb.CheckInResult.Value(f"CHECK_IN_RESULT_{result.name}") for result in CheckInResult}
_CHECKS = {name: pb.CheckName.Value(f"CHECK_NAME_{name.name}") for name in CheckName}
_OUTCOMES = {outcome: pb.CheckOutcome.Value(f"CHECK_OUTCOME_{outcome.name}") for outcome in CheckOutcome}
_LIVENESS = {result: pb.LivenessResult.Value(f"LIVENESS_RESULT_{result.name}") for result in LivenessResult}
_STATES = {state: pb.CheckInState.Value(f"CHECK_IN_STATE_{state.name}") for state in CheckInState}
_FAILURES = {failure: pb.CheckInFailure.Value(f"CHECK_IN_FAILURE_{failure.name}") for failure in CheckInFailure}
_STATUSES = {status: pb.GuestStatus.Value(f"GUEST_STATUS_{status.name}") for status in GuestStatus}
_DECISIONS = {each: pb.ReviewDecision.Value(f"REVIEW_DECISION_{each.name}") for each in Decision}


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What every check-in of a site is told with.

    Attributes:
        registry_uri: The public page of the registry; empty: none is set.
        liveness_region: The region of liveness sessions; empty: they are off.
    """

    registry_uri: str
    liveness_region: str = ""


def result_from_proto(result: pb.CheckInResult.ValueType, field: str) -> CheckInResult | None:
    """Returns the result, None for unspecified. Raises InvalidInput for one that this server does not know."""
    if result == pb.CHECK_IN_RESULT_UNSPECIFIED:
        return None
    known = {number: each for each, number in _RESULTS.items()}
    if result not in known:
        raise InvalidInput(field, f"{field} is a value that this server does not know")
    return known[result]


def decision_from_proto(decision: pb.ReviewDecision.ValueType, field: str) -> Decision:
    """Returns the decision. Raises InvalidInput if it is unspecified, or one that this server does not know."""
    known = {number: each for each, number in _DECISIONS.items()}
    if decision not in known:
        raise InvalidInput(field, f"{field} must be REVIEW_DECISION_ACCEPTED or REVIEW_DECISION_REJECTED")
    return known[decision]


def document_to_proto(reading: DocumentReading) -> pb.DocumentReading:
    """Returns the DocumentReading message for a reading."""
    return pb.DocumentReading(
        kind=_KINDS[reading.kind],
        fields=[_field_to_proto(field) for field in reading.fields],
        reasons=[_REASONS[reason] for reason in reading.reasons],
        sides=sorted(_SIDES[side] for side in reading.sides),
    )


def check_in_to_proto(check_in: CheckIn, site: SiteFacts) -> pb.CheckIn:
    """Returns the CheckIn message for a check-in."""
    report, liveness = check_in.report, check_in.liveness
    return pb.CheckIn(
        name=check_in_name(check_in.check_in_id),
        camera="" if check_in.camera_id is None else camera_name(check_in.camera_id),
        state=_STATES[check_in.state],
        failure=pb.CHECK_IN_FAILURE_UNSPECIFIED if check_in.failure is None else _FAILURES[check_in.failure],
        result=pb.CHECK_IN_RESULT_UNSPECIFIED if report is None else _RESULTS[report.result],
        reasons=[] if report is None else [_REASONS[reason] for reason in report.reasons],
        checks=[] if report is None else [_check_to_proto(check) for check in report.checks],
        document=None if check_in.reading is None else document_to_proto(check_in.reading),
        face=None if check_in.face is None else _face_to_proto(check_in.face),
        liveness=None if liveness is None else _liveness_to_proto(liveness),
        guest_status=pb.GUEST_STATUS_UNSPECIFIED if check_in.guest_status is None else _STATUSES[check_in.guest_status],
        guest="" if check_in.guest_id is None else guest_name(check_in.guest_id),
        earlier_check_in="" if check_in.earlier_id is None else check_in_name(check_in.earlier_id),
        review=None if check_in.review is None else _review_to_proto(check_in.review),
        admitted=check_in.admitted,
        paid_calls=check_in.paid_calls,
        registry_uri=site.registry_uri,
        create_time=time_to_proto(check_in.created_at),
        expire_time=time_to_proto(check_in.deadline_at),
        finish_time=None if check_in.finished_at is None else time_to_proto(check_in.finished_at),
        liveness_session=_liveness_session_to_proto(check_in, site.liveness_region),
    )


def change_to_proto(change: WatchUpdate[CheckIn], site: SiteFacts) -> pb.WatchCheckInsResponse:
    """Returns one response of WatchCheckIns; it has only the position if nothing happened."""
    return pb.WatchCheckInsResponse(
        position=change.position,
        check_in=None if change.item is None else check_in_to_proto(change.item, site),
    )


def guest_to_proto(guest: Guest) -> pb.Guest:
    """Returns the Guest message for an expected guest."""
    return pb.Guest(
        name=guest_name(guest.guest_id),
        display_name=guest.display_name,
        run=guest.run or "",
        document_number=guest.document_number or "",
        arrival_date=guest.arrival_date.isoformat(),
        reference=guest.reference,
        check_in="" if guest.check_in_id is None else check_in_name(guest.check_in_id),
    )


def _field_to_proto(reading: FieldReading) -> pb.FieldReading:
    return pb.FieldReading(
        field=_FIELDS[reading.field],
        value=reading.value or "",
        sources=[_source_to_proto(source) for source in reading.sources],
        agreement=_AGREEMENTS[reading.agreement],
    )


def _source_to_proto(source: FieldSource) -> pb.FieldSource:
    return pb.FieldSource(
        zone=_ZONES[source.zone],
        value=source.value,
        confidence=source.confidence,
        side=_SIDES[source.side],
        box=None if source.box is None else box_to_proto(source.box),
        check_digit=source.check_digit,
        repaired=source.repaired,
    )


def _check_to_proto(check: Check) -> pb.Check:
    return pb.Check(
        name=_CHECKS[check.name],
        outcome=_OUTCOMES[check.outcome],
        reason=pb.CHECK_IN_REASON_UNSPECIFIED if check.reason is None else _REASONS[check.reason],
    )


def _face_to_proto(face: FaceSummary) -> pb.FaceEvidence:
    return pb.FaceEvidence(
        similarity=face.similarity,
        threshold=face.threshold,
        live_faces=face.live_faces,
        portrait_found=face.portrait_found,
    )


def _liveness_to_proto(liveness: Liveness) -> pb.LivenessEvidence:
    return pb.LivenessEvidence(suspicion=liveness.suspicion, cues=liveness.cues)


def _liveness_session_to_proto(check_in: CheckIn, region: str) -> pb.LivenessSession | None:
    if check_in.liveness_session_id is None:
        return None
    result = check_in.liveness_result
    return pb.LivenessSession(
        session_id=check_in.liveness_session_id,
        region=region,
        expire_time=time_to_proto(check_in.liveness_until),
        result=pb.LIVENESS_RESULT_UNSPECIFIED if result is None else _LIVENESS[result],
    )


def _review_to_proto(review: Review) -> pb.Review:
    return pb.Review(
        decision=_DECISIONS[review.decision],
        reason=review.reason,
        reviewer=review.by,
        review_time=time_to_proto(review.at),
    )
