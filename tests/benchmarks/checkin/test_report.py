"""The page of check-ins at a kiosk, on results made by hand."""

from __future__ import annotations

from dataclasses import replace

from portero_server.domain.documents.judgment import CheckInReport, CheckInResult
from portero_server.domain.documents.reasons import Reason
from tests.benchmarks.checkin.queue import Served
from tests.benchmarks.checkin.report import Queue, page

_MACHINE = {"commit": "abc", "processors": 2, "processor": "any", "load": [0.5]}
_GOOD = Served(0, 1.5, 5.0, 2, CheckInReport(CheckInResult.ACCEPTED, (), ()), right=True, similarity=0.85)
_UNSURE = CheckInReport(CheckInResult.REVIEW, (Reason.NAME_UNCONFIRMED,), ())


def test_targets_are_of_all_who_came() -> None:
    """Whoever has no result, waits too long, costs too much or is taken for somebody else misses a target."""
    second = replace(_GOOD, guest=1, seconds=2.5, report=_UNSURE)
    queue = Queue(2, False, (_GOOD, second))
    assert [target.value for target in queue.targets[:1]] == [2]
    assert queue.seconds[0] == 2.0
    assert all(target.met for target in queue.targets)
    assert not Queue(3, False, (_GOOD, second)).targets[0].met
    assert not Queue(2, False, (_GOOD, replace(second, seconds=9.0))).targets[2].met
    assert not Queue(2, False, (_GOOD, replace(second, paid_calls=3))).targets[3].met
    assert not Queue(2, False, (_GOOD, replace(second, right=False))).targets[4].met


def test_nobody_is_accepted_with_another_ones_card() -> None:
    """Where cards are swapped, an accepted guest is one who was mixed up."""
    assert Queue(2, True, (_GOOD, replace(_GOOD, guest=1, report=_UNSURE))).mixed_up == 1


def test_the_page_has_each_guest() -> None:
    """The page names the revision, the targets and how each guest fared; too few guests have no quantiles."""
    queue = Queue(2, False, (replace(_GOOD, report=_UNSURE),))
    text = page([queue], 0.15, _MACHINE)
    assert "revision abc" in text
    assert "150 ms" in text
    assert "| 1 | 1.50 | 2 | review | name_unconfirmed | 0.85 | right |" in text
    assert "| guests with a result | at least 2 | 1 | **missed** |" in text
