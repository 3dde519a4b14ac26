"""The report of a check-in: one failed check rejects, one doubtful one sends to a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portero_server.domain.documents.document import CardText
from portero_server.domain.documents.judgment import (
    CheckInReport,
    CheckInResult,
    CheckName,
    CheckOutcome,
    FaceEvidence,
    Liveness,
    Standing,
    judge,
)
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.domain.documents.reading import read_text
from portero_server.domain.documents.reasons import Reason
from tests.support.cards.card_text import card_text
from tests.support.cards.specimen import TODAY, Series, specimen

_CARD = specimen(27, Series.CARD_2013)
_OTHER = specimen(7, Series.CARD_2013)
_READING = read_text(card_text(_CARD), TODAY)
_FACE = FaceEvidence(
    similarity=0.9,
    live_faces=1,
    portrait_found=True,
    threshold=0.8,
    review_margin=0.1,
    live_quality=0.7,
    min_quality=0.5,
    live_size=200,
    min_size=120,
)


def _outcome(report: CheckInReport, name: CheckName) -> CheckOutcome:
    return next(check.outcome for check in report.checks if check.name is name)


def test_a_good_card_and_face_are_accepted() -> None:
    """Everything is checked that can be, and what is not is in the report."""
    report = judge(
        _READING,
        _FACE,
        Liveness(0.1),
        TODAY,
        liveness_result=LivenessResult.PASSED,
        standing=Standing(True, False, False),
    )
    assert report.result is CheckInResult.ACCEPTED
    assert report.reasons == ()
    assert [check.name for check in report.checks] == list(CheckName)
    never = {CheckName.QR_AUTHENTICITY, CheckName.REGISTRY}
    for check in report.checks:
        expected = CheckOutcome.NOT_CHECKED if check.name in never else CheckOutcome.PASSED
        assert check.outcome is expected, check


def test_what_was_not_looked_at_is_said() -> None:
    """Without liveness, list or code the report says so, and the card is accepted by print and MRZ."""
    report = judge(read_text(card_text(_CARD, coded=False), TODAY), _FACE, None, TODAY)
    assert report.result is CheckInResult.ACCEPTED
    for name in (CheckName.LIVENESS, CheckName.GUEST, CheckName.DUPLICATE, CheckName.QR_AGAINST_CARD):
        assert _outcome(report, name) is CheckOutcome.NOT_CHECKED
    assert _outcome(judge(_READING, _FACE, Liveness(None), TODAY), CheckName.LIVENESS) is CheckOutcome.NOT_CHECKED


@pytest.mark.parametrize(
    ("face", "result", "reason"),
    [
        (None, CheckInResult.REVIEW, Reason.NO_LIVE_FACE),
        (replace(_FACE, live_faces=0), CheckInResult.REVIEW, Reason.NO_LIVE_FACE),
        (replace(_FACE, live_faces=2), CheckInResult.REVIEW, Reason.SEVERAL_FACES),
        (replace(_FACE, portrait_found=False), CheckInResult.REVIEW, Reason.NO_PORTRAIT),
        (replace(_FACE, live_size=119), CheckInResult.REVIEW, Reason.FACE_TOO_SMALL),
        (replace(_FACE, live_quality=0.49), CheckInResult.REVIEW, Reason.FACE_UNCLEAR),
        (replace(_FACE, similarity=None), CheckInResult.REVIEW, Reason.FACE_UNCLEAR),
        (replace(_FACE, similarity=0.79), CheckInResult.REVIEW, Reason.FACE_DOUBTFUL),
        (replace(_FACE, similarity=0.69), CheckInResult.REJECTED, Reason.FACE_DIFFERS),
    ],
)
def test_faces(face: FaceEvidence | None, result: CheckInResult, reason: Reason) -> None:
    """Only a clear face of one person, as alike as the threshold asks, is the portrait's."""
    report = judge(_READING, face, None, TODAY)
    assert (report.result, report.reasons) == (result, (reason,))


def test_the_threshold_itself_is_enough() -> None:
    """A similarity at the threshold passes."""
    assert judge(_READING, replace(_FACE, similarity=0.8), None, TODAY).result is CheckInResult.ACCEPTED


@pytest.mark.parametrize(
    ("liveness", "standing", "reason"),
    [
        (Liveness(0.5, ("moves_as_one",)), None, Reason.SUSPECTED_SPOOF),
        (None, Standing(expected=True, already_in=True, uncertain=False), Reason.ALREADY_CHECKED_IN),
        (None, Standing(expected=True, already_in=False, uncertain=True), Reason.GUEST_UNCERTAIN),
    ],
)
def test_suspicion_and_guests_send_to_a_person(
    liveness: Liveness | None, standing: Standing | None, reason: Reason
) -> None:
    """A suspicion, somebody who is in already, and an uncertain guest are for a person to look at."""
    report = judge(_READING, _FACE, liveness, TODAY, standing=standing)
    assert (report.result, report.reasons) == (CheckInResult.REVIEW, (reason,))


def test_who_is_not_expected_may_check_in() -> None:
    """Somebody who is not on the list is no doubt about their card."""
    report = judge(_READING, _FACE, None, TODAY, standing=Standing(False, False, False))
    assert report.result is CheckInResult.ACCEPTED
    assert _outcome(report, CheckName.GUEST) is CheckOutcome.NOT_CHECKED


def test_an_expired_card_is_rejected() -> None:
    """When print and proof agree that it has expired, it has; when they do not, a person looks."""
    after = _CARD.expires + timedelta(days=1)
    report = judge(read_text(card_text(_CARD), after), _FACE, None, after)
    assert (report.result, report.reasons) == (CheckInResult.REJECTED, (Reason.EXPIRED,))
    forged = card_text(_CARD, changed={"FECHA DE VENCIMIENTO": "01 ENE 2049"})
    report = judge(read_text(forged, after), _FACE, None, after)
    assert report.result is CheckInResult.REVIEW
    assert {Reason.EXPIRED, Reason.FIELDS_DIFFER} <= set(report.reasons)


def test_a_card_of_two_people_is_rejected() -> None:
    """Code and MRZ that both prove another RUN are no misreading."""
    report = judge(read_text(card_text(_CARD, qr=_OTHER.qr), TODAY), _FACE, None, TODAY)
    assert report.result is CheckInResult.REJECTED
    assert Reason.QR_DIFFERS in report.reasons


def test_nothing_read_goes_to_a_person() -> None:
    """A blank picture is not rejected: nobody knows what it is."""
    report = judge(read_text(CardText(), TODAY), _FACE, None, TODAY)
    assert report.result is CheckInResult.REVIEW
    assert report.reasons[0] is Reason.UNSUPPORTED_DOCUMENT


@pytest.mark.parametrize("face", [None, _FACE, replace(_FACE, similarity=0.75), replace(_FACE, similarity=0.1)])
@pytest.mark.parametrize("liveness", [None, Liveness(0.1), Liveness(0.9)])
@pytest.mark.parametrize("days", [0, 10_000])
@pytest.mark.parametrize("result", LivenessResult)
def test_a_liveness_session_speaks_for_nobody(
    face: FaceEvidence | None, liveness: Liveness | None, days: int, result: LivenessResult
) -> None:
    """No session makes an answer better than it is without one; all but one that passed prevent an acceptance."""
    today = TODAY + timedelta(days=days)
    without = judge(_READING, face, liveness, today)
    within = judge(_READING, face, liveness, today, liveness_result=result)
    order = (CheckInResult.ACCEPTED, CheckInResult.REVIEW, CheckInResult.REJECTED)
    expected = without.result
    if result is not LivenessResult.PASSED:
        expected = max(without.result, CheckInResult.REVIEW, key=order.index)
    assert within.result is expected
    assert set(within.reasons) - set(without.reasons) == (
        set() if result is LivenessResult.PASSED else {Reason(f"liveness_{result.value}")}
    )
    assert _outcome(without, CheckName.LIVENESS_SESSION) is CheckOutcome.NOT_CHECKED
