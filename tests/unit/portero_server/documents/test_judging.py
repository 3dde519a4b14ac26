"""The answer says who of the guests it is."""

from __future__ import annotations

from datetime import date, timedelta

from portero_server.documents.judging import GuestBook, judged
from portero_server.domain.documents.check_in import CheckIn, CheckInState, Guest, GuestStatus
from portero_server.domain.documents.judgment import CheckInResult, FaceEvidence
from portero_server.domain.documents.reasons import Reason
from tests.support.server.check_in_parts import PAULA, PEDRO, reading
from tests.support.time.virtual_time import ManualClock

_TODAY = date(2026, 3, 2)
_FACE = FaceEvidence(similarity=0.9, live_faces=1, portrait_found=True, threshold=0.8)
_NOW = ManualClock().now()
_EARLIER = CheckIn("c0", None, CheckInState.FINISHED, _NOW, _NOW + timedelta(seconds=60))


def test_guests_and_earlier_check_ins_are_told() -> None:
    """Expected, in already, known and unknown follow from the list and from earlier check-ins."""
    guests = (Guest("g1", "Paula Soto", _TODAY, run=PAULA), Guest("g2", "Pedro Paz", _TODAY, run=PEDRO))
    expected = judged(reading(), _FACE, None, GuestBook(_TODAY, guests))
    assert (expected.guest_status, expected.guest_id, expected.earlier_id) == (GuestStatus.EXPECTED, "g1", None)
    assert expected.report.result is CheckInResult.ACCEPTED
    twice = judged(reading(), _FACE, None, GuestBook(_TODAY, guests, earlier_today=_EARLIER))
    assert (twice.guest_status, twice.earlier_id) == (GuestStatus.ALREADY_IN, "c0")
    assert twice.report.reasons == (Reason.ALREADY_CHECKED_IN,)
    known = judged(reading(), _FACE, None, GuestBook(_TODAY, earlier=_EARLIER))
    assert (known.guest_status, known.earlier_id, known.guest_id) == (GuestStatus.KNOWN, "c0", None)
    assert judged(reading(), _FACE, None, GuestBook(_TODAY)).guest_status is GuestStatus.UNKNOWN
