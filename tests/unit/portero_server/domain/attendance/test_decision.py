"""Nothing is stated against somebody that is not proven, whatever cameras missed; cases are in `records/`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from portero_server.domain.attendance.decision import AttendanceDecision, SeenSpan, decide
from portero_server.domain.attendance.limits import limits_of
from portero_server.domain.attendance.record import AttendanceStatus, OpenQuestion
from portero_server.domain.attendance.rules import AttendanceRules, PresenceMeasure
from portero_server.domain.attendance.spans import TimeSpan, common, merged, without
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from tests.support.attendance.minutes import at, span

_SESSION = span(0, 60)
_OPEN = span(-15, 60)
_HARSH = {AttendanceStatus.PRESENT: 0, AttendanceStatus.LATE: 1, AttendanceStatus.LEFT_EARLY: 1}
_HARSH[AttendanceStatus.ABSENT] = 2


def _minutes(most: int) -> st.SearchStrategy[timedelta]:
    return st.integers(0, most).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def _rules(draw: st.DrawFn) -> AttendanceRules:
    late = draw(_minutes(20))
    return AttendanceRules(
        late_after=late,
        absent_after=draw(st.none() | _minutes(30).map(lambda more: late + more)),
        leaves_before=draw(st.none() | _minutes(20)),
        grace=draw(_minutes(3)),
        unseen_for=draw(_minutes(12)),
        minimum_presence=draw(_minutes(40)),
        half_day_below=draw(_minutes(50)),
        measure=draw(st.sampled_from(PresenceMeasure)),
    )


def _spans(most: int) -> st.SearchStrategy[tuple[TimeSpan, ...]]:
    one = st.tuples(st.integers(-15, 58), st.integers(1, 40)).map(
        lambda each: span(each[0], min(60, each[0] + each[1]))
    )
    return st.lists(one, max_size=most).map(merged)


@dataclass(frozen=True)
class _Truth:
    """When somebody was there, and when nobody watched."""

    there: tuple[TimeSpan, ...]
    blind: tuple[TimeSpan, ...]

    def decided(self, rules: AttendanceRules, *, with_holes: bool) -> AttendanceDecision:
        blind = self.blind if with_holes else ()
        shown = common(self.there, without((_OPEN,), blind))
        return decide(
            limits_of(_SESSION, rules),
            rules.measure,
            [SeenSpan(each.start, each.end) for each in shown],
            [UnprovenSpan(each.start, each.end, (UnprovenCause.NO_STREAM,)) for each in blind],
        )


@given(_rules(), _spans(3), _spans(4))
@example(AttendanceRules(), (span(-15, -10), span(20, 60)), (span(-15, -10),))
@example(AttendanceRules(), (span(-5, 0),), (span(-15, 0),))
@example(AttendanceRules(late_after=timedelta(0)), (span(-9, -3), span(1, 2), span(6, 60)), (span(1, 2),))
@example(
    AttendanceRules(late_after=timedelta(0), absent_after=timedelta(0), unseen_for=timedelta(minutes=12)),
    (span(-5, -1), span(4, 10)),
    (span(3, 10),),
)
@example(AttendanceRules(absent_after=timedelta(minutes=10)), (span(5, 8),), (span(0, 60),))
def test_nobody_is_judged_more_harshly_than_a_camera_that_misses_nothing_would(
    rules: AttendanceRules, there: tuple[TimeSpan, ...], blind: tuple[TimeSpan, ...]
) -> None:
    """An absence, a late arrival and an early departure are true wherever they are stated, and so is half a day."""
    truth = _Truth(there, blind)
    decided, true = truth.decided(rules, with_holes=True), truth.decided(rules, with_holes=False)
    if decided.status is not AttendanceStatus.UNPROVEN:
        assert _HARSH[decided.status] <= _HARSH[true.status]
        assert decided.credit >= true.credit
    if decided.status is AttendanceStatus.LATE:
        assert true.status in (AttendanceStatus.LATE, AttendanceStatus.ABSENT)
    if decided.early:
        assert true.early or true.status is AttendanceStatus.ABSENT
    assert decided.present <= true.present


@given(_rules(), _spans(3), _spans(4))
def test_what_is_open_is_named(
    rules: AttendanceRules, there: tuple[TimeSpan, ...], blind: tuple[TimeSpan, ...]
) -> None:
    """Whoever is UNPROVEN, or judged more mildly than they were, has open questions with the time they hang on."""
    truth = _Truth(there, blind)
    decided, true = truth.decided(rules, with_holes=True), truth.decided(rules, with_holes=False)
    assert bool(decided.open_questions) is bool(decided.unproven)
    if decided.status is AttendanceStatus.UNPROVEN or decided.status is not true.status:
        assert decided.open_questions
    assert all(_OPEN.start <= each.start <= each.end <= _OPEN.end for each in decided.unproven)
    assert not common(merged(TimeSpan(each.start, each.end) for each in decided.unproven), without((_OPEN,), blind))


@given(_rules(), _spans(3))
def test_with_everything_watched_nothing_is_open(rules: AttendanceRules, there: tuple[TimeSpan, ...]) -> None:
    """Then everybody is PRESENT, LATE, LEFT_EARLY or ABSENT."""
    decided = _Truth(there, ()).decided(rules, with_holes=True)
    assert decided.status in _HARSH
    assert decided.open_questions == ()


@given(_rules(), _spans(3), _spans(4))
def test_more_watching_never_takes_an_answer_back(
    rules: AttendanceRules, there: tuple[TimeSpan, ...], blind: tuple[TimeSpan, ...]
) -> None:
    """An absence that is proven stays one when a hole is filled by late frames."""
    before = _Truth(there, blind).decided(rules, with_holes=True)
    after = _Truth(there, blind[:-1]).decided(rules, with_holes=True)
    if before.status is AttendanceStatus.ABSENT:
        assert after.status is AttendanceStatus.ABSENT


def test_order_and_repetition_of_what_was_seen_mean_nothing() -> None:
    """The first moment seen and the last are found in any order."""
    seen = [SeenSpan(at(10), at(20)), SeenSpan(at(30), at(60)), SeenSpan(at(0), at(5))]
    limits = limits_of(_SESSION, AttendanceRules())
    decided = decide(limits, PresenceMeasure.FIRST_TO_LAST, seen, [])
    assert decided == decide(limits, PresenceMeasure.FIRST_TO_LAST, [*reversed(seen), *seen], [])
    assert (decided.arrived_at, decided.left_at) == (at(0), at(60))


def test_several_questions_may_be_open() -> None:
    """Seen in the middle only, between two holes: when somebody came, and when they left."""
    blind = [
        UnprovenSpan(at(-15), at(20), (UnprovenCause.DARK,)),
        UnprovenSpan(at(40), at(60), (UnprovenCause.GAP,)),
    ]
    decided = decide(
        limits_of(_SESSION, AttendanceRules()), PresenceMeasure.FIRST_TO_LAST, [SeenSpan(at(20), at(40))], blind
    )
    assert decided.status is AttendanceStatus.PRESENT
    assert decided.open_questions == (OpenQuestion.ARRIVAL, OpenQuestion.DEPARTURE)
    assert list(decided.unproven) == blind
