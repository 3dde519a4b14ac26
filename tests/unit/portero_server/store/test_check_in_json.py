"""Readings and reports survive being written and read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.documents.check_in import FaceSummary
from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.documents.judgment import FaceEvidence, Liveness, judge
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.domain.documents.reasons import Reason
from portero_server.store.check_in_json import StoredReport, reading_of, reading_text, report_of, report_text
from tests.support.server.check_in_parts import PAULA, PEDRO, contradictory, reading
from tests.support.time.virtual_time import ManualClock


@pytest.mark.parametrize("told", [reading(), contradictory(PAULA, PEDRO), replace(reading(), reasons=tuple(Reason))])
def test_a_reading_is_read_as_it_was_written(told: DocumentReading) -> None:
    """Every field, source, box and reason comes back as it was."""
    assert reading_of(reading_text(told)) == told


@pytest.mark.parametrize("liveness", [None, Liveness(None), Liveness(0.75, ("moves_as_one", "screen_pattern"), 0.4)])
@pytest.mark.parametrize("face", [None, FaceSummary(None, 0.8, 0, False), FaceSummary(0.61, 0.8, 2, True)])
@pytest.mark.parametrize("result", [None, LivenessResult.OTHER_FACE])
def test_a_report_is_read_as_it_was_written(
    face: FaceSummary | None, liveness: Liveness | None, result: LivenessResult | None
) -> None:
    """The report comes back with every check, and with what it rests on."""
    evidence = FaceEvidence(similarity=0.5, live_faces=1, portrait_found=True, threshold=0.8)
    report = judge(contradictory(PAULA, PEDRO), evidence, liveness, ManualClock().now().date())
    assert report.reasons
    text = report_text(report, face, liveness, result)
    assert report_of(report.result.value, text) == StoredReport(report, face, liveness, result)
