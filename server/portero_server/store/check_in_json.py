"""Readings and reports of check-ins as JSON text, as they are stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.check_in import FaceSummary
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
from portero_server.domain.documents.judgment import CheckInReport, CheckInResult, Liveness
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.domain.documents.reasons import Reason


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report and the evidence it rests on."""

    report: CheckInReport
    face: FaceSummary | None
    liveness: Liveness | None
    liveness_result: LivenessResult | None = None


def reading_text(reading: DocumentReading) -> str:
    """Writes a reading."""
    return _text(
        {
            "kind": reading.kind.value,
            "fields": [_field(field) for field in reading.fields],
            "reasons": [reason.value for reason in reading.reasons],
            "sides": sorted(side.value for side in reading.sides),
        }
    )


def reading_of(text: str) -> DocumentReading:
    """Reads what `reading_text` wrote."""
    told = json.loads(text)
    return DocumentReading(
        DocumentKind(told["kind"]),
        tuple(_field_of(field) for field in told["fields"]),
        tuple(Reason(reason) for reason in told["reasons"]),
        frozenset(CardSide(side) for side in told["sides"]),
    )


def report_text(
    report: CheckInReport,
    face: FaceSummary | None,
    liveness: Liveness | None,
    liveness_result: LivenessResult | None = None,
) -> str:
    """Writes a report with the evidence it rests on; its result has a column of its own."""
    session = {} if liveness_result is None else {"liveness_session": liveness_result.value}
    return _text(
        {
            "reasons": [reason.value for reason in report.reasons],
            "checks": [
                [check.name.value, check.outcome.value, None if check.reason is None else check.reason.value]
                for check in report.checks
            ],
            "face": None if face is None else [face.similarity, face.threshold, face.live_faces, face.portrait_found],
            "liveness": None if liveness is None else [liveness.suspicion, list(liveness.cues), liveness.limit],
            **session,
        }
    )


def report_of(result: str, text: str) -> StoredReport:
    """Reads what `report_text` wrote."""
    told = json.loads(text)
    checks = tuple(
        Check(CheckName(name), CheckOutcome(outcome), None if reason is None else Reason(reason))
        for name, outcome, reason in told["checks"]
    )
    report = CheckInReport(CheckInResult(result), tuple(Reason(reason) for reason in told["reasons"]), checks)
    face = None if told["face"] is None else FaceSummary(*told["face"])
    liveness = None
    if told["liveness"] is not None:
        suspicion, cues, limit = told["liveness"]
        liveness = Liveness(suspicion, tuple(cues), limit)
    session = told.get("liveness_session")
    return StoredReport(report, face, liveness, None if session is None else LivenessResult(session))


def _field(reading: FieldReading) -> Mapping[str, Any]:
    return {
        "field": reading.field.value,
        "value": reading.value,
        "agreement": reading.agreement.value,
        "sources": [_source(source) for source in reading.sources],
    }


def _source(source: FieldSource) -> Mapping[str, Any]:
    box = source.box
    return {
        "zone": source.zone.value,
        "value": source.value,
        "confidence": source.confidence,
        "side": source.side.value,
        "box": None if box is None else [box.left, box.top, box.width, box.height],
        "check_digit": source.check_digit,
        "repaired": source.repaired,
    }


def _field_of(told: Mapping[str, Any]) -> FieldReading:
    sources = tuple(_source_of(source) for source in told["sources"])
    return FieldReading(Field(told["field"]), told["value"], sources, Agreement(told["agreement"]))


def _source_of(told: Mapping[str, Any]) -> FieldSource:
    return FieldSource(
        Zone(told["zone"]),
        told["value"],
        told["confidence"],
        CardSide(told["side"]),
        None if told["box"] is None else Box(*told["box"]),
        told["check_digit"],
        told["repaired"],
    )


def _text(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
