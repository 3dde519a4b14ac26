"""Decides how one person attended one session.

One law stands over it: nothing is stated against somebody that is not proven. An absence, a late arrival, an early
departure and too short a stay are stated only if every moment was watched that could have shown otherwise. Where it was
not, the milder answer stands, or UNPROVEN between being there and not, with the spans of time that leave it open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from portero_server.domain.attendance.limits import SessionLimits
from portero_server.domain.attendance.record import AttendanceStatus, OpenQuestion, StatusReason
from portero_server.domain.attendance.rules import PresenceMeasure
from portero_server.domain.attendance.unproven import UnprovenSpan, overlaid

_ZERO = timedelta(0)


class SeenSpan(NamedTuple):
    """From when until when a person was seen, both included; the same moment if they were seen at one only."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class AttendanceDecision:
    """How somebody attended, by cameras and rules; the attributes are those of `AttendanceRecord`."""

    status: AttendanceStatus
    reason: StatusReason
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    present: timedelta = _ZERO
    late: timedelta = _ZERO
    early: timedelta = _ZERO
    credit: float = 0.0
    open_questions: tuple[OpenQuestion, ...] = ()
    unproven: tuple[UnprovenSpan, ...] = ()


@dataclass(slots=True)
class _Questions:
    """What turns out to be open while a decision is made."""

    spans: dict[OpenQuestion, Sequence[UnprovenSpan]] = field(default_factory=dict)

    def ask(self, question: OpenQuestion, spans: Sequence[UnprovenSpan]) -> None:
        self.spans[question] = spans

    @property
    def names(self) -> tuple[OpenQuestion, ...]:
        return tuple(sorted(self.spans, key=lambda each: each.value))

    @property
    def unproven(self) -> tuple[UnprovenSpan, ...]:
        return overlaid(span for spans in self.spans.values() for span in spans)


def decide(
    limits: SessionLimits,
    measure: PresenceMeasure,
    seen: Iterable[SeenSpan],
    unproven: Iterable[UnprovenSpan],
) -> AttendanceDecision:
    """Returns how a person attended a session.

    Args:
        limits: Of the session, for this person.
        measure: What the cameras see.
        seen: When the person was seen for sure, from the opening to the end; in any order, and any number of times.
        unproven: When nobody can tell whether they were there, from the opening to the end; in any order.
    """
    shown = sorted(set(seen))
    unproven = overlaid(unproven)
    # Somebody in a room is seen in it after the beginning; somebody who passed a door before it is not seen again.
    counts_from = limits.opens if measure is PresenceMeasure.CHECK_IN else limits.span.start
    possible = [*shown, *(SeenSpan(each.start, each.end) for each in unproven)]
    surely = _first_stay(shown, counts_from, limits.unseen_for)
    perhaps = _first_stay(possible, counts_from, limits.unseen_for)
    if perhaps is None or (surely is None and perhaps.first > limits.comes_until):
        return _not_there(limits, shown, ())
    if surely is None:
        until = max(perhaps.last, limits.comes_until)
        return _not_there(limits, shown, [each for each in _after(unproven, counts_from) if each.start <= until])
    stay = _Stay(limits, measure, shown, unproven, surely.first, perhaps.first)
    if limits.excused:
        return AttendanceDecision(
            AttendanceStatus.PRESENT, StatusReason.SEEN, stay.arrived, stay.left, stay.present, credit=1.0
        )
    return _there(stay)


def _not_there(limits: SessionLimits, shown: Sequence[SeenSpan], matters: Sequence[UnprovenSpan]) -> AttendanceDecision:
    arrived, left = (shown[0].first, max(each.last for each in shown)) if shown else (None, None)
    if limits.excused:
        return AttendanceDecision(AttendanceStatus.EXCUSED, StatusReason.EXCUSED, arrived, left)
    if matters:
        return AttendanceDecision(
            AttendanceStatus.UNPROVEN,
            StatusReason.NOT_WATCHED,
            arrived,
            left,
            open_questions=(OpenQuestion.PRESENCE,),
            unproven=tuple(matters),
        )
    reason = StatusReason.SEEN_BEFORE_ONLY if shown else StatusReason.NOT_SEEN
    return AttendanceDecision(AttendanceStatus.ABSENT, reason, arrived, left)


def _there(stay: _Stay) -> AttendanceDecision:
    limits, questions = stay.limits, _Questions()
    if limits.absent_from is not None and stay.earliest > limits.absent_from:
        late = stay.arrived - limits.begins
        return stay.decision(AttendanceStatus.ABSENT, StatusReason.CAME_TOO_LATE, questions, late=late)
    if stay.longest < limits.least:
        return stay.decision(AttendanceStatus.ABSENT, StatusReason.STAYED_TOO_SHORT, questions)
    if stay.present < limits.least:
        questions.ask(OpenQuestion.DURATION, stay.unproven)
        return stay.decision(AttendanceStatus.UNPROVEN, StatusReason.STAY_NOT_WATCHED, questions)
    late, early = stay.late(questions), stay.early(questions)
    credit = stay.credit(questions)
    status, reason = AttendanceStatus.PRESENT, StatusReason.SEEN
    if late:
        status, reason = AttendanceStatus.LATE, StatusReason.CAME_LATE
    elif early:
        status, reason = AttendanceStatus.LEFT_EARLY, StatusReason.WENT_EARLY
    return stay.decision(status, reason, questions, late=late, early=early, credit=credit)


class _Stay:
    """When somebody came and left as far as they were seen, and as far as they may have been unseen.

    Attributes:
        earliest, latest: When they may have come at the earliest, and left at the latest.
        present, longest: How long they were there at least, and may have been at the most.
    """

    def __init__(
        self,
        limits: SessionLimits,
        measure: PresenceMeasure,
        shown: Sequence[SeenSpan],
        unproven: Sequence[UnprovenSpan],
        arrived: datetime,
        earliest: datetime,
    ) -> None:
        self.limits = limits
        self.unproven = unproven
        self.arrived, self.earliest = arrived, earliest
        self.left = max(each.last for each in shown)
        # What was not watched before somebody came matters only if they may have come by then.
        self._before = _between(unproven, earliest, arrived)
        self._after = _after(unproven, self.left)
        self.latest = max((self.left, *(each.end for each in self._after)))
        self.present, self.longest = self._durations(measure, shown)

    def _durations(self, measure: PresenceMeasure, shown: Sequence[SeenSpan]) -> tuple[timedelta, timedelta]:
        begin, end = self.limits.span.start, self.limits.span.end
        if measure is PresenceMeasure.CHECK_IN:
            return end - max(self.arrived, begin), end - max(self.earliest, begin)
        if measure is PresenceMeasure.FIRST_TO_LAST:
            present = max(_ZERO, self.left - max(self.arrived, begin))
            return present, max(present, self.latest - max(self.earliest, begin))
        possible = [*shown, *(SeenSpan(each.start, each.end) for each in self.unproven)]
        return self._in_session(shown), self._in_session(possible)

    def _in_session(self, spans: Iterable[SeenSpan]) -> timedelta:
        begin, end = self.limits.span.start, self.limits.span.end
        parts = (min(each.last, end) - max(each.first, begin) for each in _joined(spans, self.limits.unseen_for))
        return sum((part for part in parts if part > _ZERO), _ZERO)

    def late(self, questions: _Questions) -> timedelta:
        """Returns by how long the person came late; zero if they did not, or it is not proven."""
        limits = self.limits
        if self.arrived <= limits.on_time_until:
            return _ZERO
        if self._before:
            questions.ask(OpenQuestion.ARRIVAL, self._before)
        return _ZERO if self.earliest <= limits.on_time_until else self.arrived - limits.begins

    def early(self, questions: _Questions) -> timedelta:
        """Returns by how long the person left early; zero if they did not, or it is not proven."""
        limits = self.limits
        if limits.leaves_from is None or self.left >= limits.leaves_from:
            return _ZERO
        if self._after:
            questions.ask(OpenQuestion.DEPARTURE, self._after)
        return _ZERO if self.latest >= limits.leaves_from else limits.ends - self.left

    def credit(self, questions: _Questions) -> float:
        """Returns how much of the session counts."""
        if self.present >= self.limits.half:
            return 1.0
        if self.longest < self.limits.half:
            return 0.5
        questions.ask(OpenQuestion.DURATION, self.unproven)
        return 1.0

    def decision(
        self,
        status: AttendanceStatus,
        reason: StatusReason,
        questions: _Questions,
        *,
        late: timedelta = _ZERO,
        early: timedelta = _ZERO,
        credit: float = 0.0,
    ) -> AttendanceDecision:
        return AttendanceDecision(
            status,
            reason,
            self.arrived,
            self.left,
            self.present,
            late,
            early,
            credit,
            questions.names,
            questions.unproven,
        )


def _first_stay(spans: Iterable[SeenSpan], counts_from: datetime, unseen_for: timedelta) -> SeenSpan | None:
    """Returns from when until when somebody was there first who was there in some spans.

    With more spans it never begins later: what somebody may have done unseen bounds what they did.

    Returns:
        None if they were not there since `counts_from`.
    """
    stays = _joined(spans, unseen_for)
    return next((each for each in stays if each.last > counts_from or each.first >= counts_from), None)


def _joined(spans: Iterable[SeenSpan], unseen_for: timedelta) -> list[SeenSpan]:
    """Returns spans at most so far apart as one, in order."""
    whole: list[SeenSpan] = []
    for span in sorted(spans):
        if whole and span.first <= whole[-1].last + unseen_for:
            whole[-1] = SeenSpan(whole[-1].first, max(whole[-1].last, span.last))
        else:
            whole.append(span)
    return whole


def _between(unproven: Iterable[UnprovenSpan], first: datetime, last: datetime) -> tuple[UnprovenSpan, ...]:
    return tuple(replace(each, end=min(each.end, last)) for each in unproven if first <= each.start < last)


def _after(unproven: Iterable[UnprovenSpan], since: datetime) -> tuple[UnprovenSpan, ...]:
    later = (each for each in unproven if each.end > since or each.start >= since)
    return tuple(replace(each, start=max(each.start, since)) for each in later)
