"""Decides what is told of attendance: of absences, of repeated lateness, of low percentages and of unproven sessions.

A notice follows from a published record and from the notices before, which are stored in the transaction that publishes
the record. So each is told once, however often its session is decided anew; and one that does not hold any more is
withdrawn, by a notice that names it. Of a session that began too long ago nothing new is told: what is written down of
past weeks, as when a roster is imported, is news to nobody.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial

from portero_server.domain.attendance.changes import RecordChange
from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus
from portero_server.domain.attendance.schedule import AttendanceSession
from portero_server.domain.attendance.summary import DECIDED, summary_of

Figures = Mapping[str, float]
"""What a notice counts, by name."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class NoticeKind(Enum):
    """What is told."""

    ABSENT = "absent"
    LATE_AGAIN = "late_again"
    """Late so many times within a number of days."""
    LOW_ATTENDANCE = "low_attendance"
    """Attended less than a percentage within a number of days."""
    SESSION_UNPROVEN = "session_unproven"
    """Of so many people nobody can tell whether they attended a session, since no camera watched."""


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """When something is told.

    Attributes:
        late_times: How often somebody must have been late.
        late_days: Within how many days before, the session's own moment included.
        low_percentage: Less than this is told, 0..100.
        low_days: Within how many days before.
        low_sessions: How many decided sessions there must be in this time.
        unproven_percentage: Share of a session's records that must be unproven, 0..100; at least one is.
        notice_days: For how many days after a session began something of it is told for the first time. What was told
            is withdrawn later, too.
    """

    late_times: int = 3
    late_days: int = 30
    low_percentage: float = 85.0
    low_days: int = 30
    low_sessions: int = 10
    unproven_percentage: float = 50.0
    notice_days: int = 3

    @property
    def longest(self) -> timedelta:
        """The longest time within which something is counted."""
        return timedelta(days=max(self.late_days, self.low_days))

    def told_since(self, now: datetime) -> datetime:
        """Returns when a session must have begun, at the earliest, for something new to be told of it."""
        return now - timedelta(days=self.notice_days)


@dataclass(frozen=True, slots=True)
class AttendanceNotice:
    """One notice.

    Attributes:
        notice_id: The same however often it is decided.
        session_id, group_id: What it is about; of counts the session with which they were reached.
        starts_at: When that session began, UTC.
        person_id: Whom it is about; None: the whole session.
        decided_at: When it was decided, UTC.
        withdraws: Id of the notice that does not hold any more; None: it is a notice of its own.
        figures: What it counts, and by which rule.
    """

    notice_id: str
    kind: NoticeKind
    session_id: str
    group_id: str
    starts_at: datetime
    person_id: str | None
    decided_at: datetime
    withdraws: str | None = None
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttendedSession:
    """What is counted of a record of one person, and when its session began."""

    session_id: str
    starts_at: datetime
    status: AttendanceStatus
    credit: float


@dataclass(frozen=True, slots=True)
class PersonPast:
    """What is known of one person in one group, around a session.

    Attributes:
        attended: Published records, that of the session too, from the longest time before it to as long after it; in
            order of their beginnings.
        told: Notices of that time, and of as long after it, the oldest first; of absences those of the session.
    """

    attended: Sequence[AttendedSession] = ()
    told: Sequence[AttendanceNotice] = ()


def notices_of(
    session: AttendanceSession,
    records: Sequence[AttendanceRecord],
    changes: Iterable[RecordChange],
    pasts: Mapping[str, PersonPast],
    told: Sequence[AttendanceNotice],
    rules: NoticeRules,
    now: datetime,
) -> tuple[AttendanceNotice, ...]:
    """Returns what is to be told after a session was published.

    Args:
        session: The session.
        records: All of its records, as they are now.
        changes: Those that differ from before.
        pasts: Of each person of whom something could follow from the change.
        told: Notices of the session as a whole, the oldest first.
        rules: When something is told.
        now: When it is decided, UTC.
    """
    found: list[AttendanceNotice] = []
    since, start = rules.told_since(now), session.span.start
    for change in changes:
        if (past := pasts.get(change.person_id)) is not None:
            ledger = _Ledger(session.group_id, change.person_id, past.told, now, since)
            _settle_person(ledger, session.session_id, start, past.attended, rules)
            found += ledger.found
    whole = _Ledger(session.group_id, None, told, now, since)
    unproven = sum(record.status is AttendanceStatus.UNPROVEN for record in records)
    shares = unproven > 0 and 100 * unproven >= rules.unproven_percentage * len(records)
    whole.settle(
        NoticeKind.SESSION_UNPROVEN,
        session.session_id,
        start,
        {"unproven": unproven, "expected": len(records)} if shares else None,
    )
    return (*found, *whole.found)


def withdrawals_of(
    group_id: str,
    person_id: str,
    replaced: Iterable[tuple[str, datetime]],
    past: PersonPast,
    rules: NoticeRules,
    now: datetime,
) -> tuple[AttendanceNotice, ...]:
    """Returns what does not hold any more of a person, some of whose records became others; nothing new is told.

    Args:
        group_id: The group whose sessions they are.
        person_id: Whose records they are now.
        replaced: The sessions of these records, by id and beginning.
        past: Around all of them.
        rules: When something is told.
        now: When it is decided, UTC.
    """
    ledger = _Ledger(group_id, person_id, past.told, now, _NEVER)
    beginnings = dict(replaced)
    absent = {each.session_id for each in past.attended if each.status is AttendanceStatus.ABSENT}
    for notice in ledger.standing(NoticeKind.ABSENT):
        if notice.session_id in beginnings and notice.session_id not in absent:
            ledger.withdraw(notice)
    starts = sorted(beginnings.values())
    for count in _counts(rules):
        _withdraw_counts(ledger, count, beginnings, starts, past.attended)
    return tuple(ledger.found)


@dataclass(frozen=True, slots=True)
class _Count:
    """What is counted within a window: `figures` of the sessions in it, None where there is nothing to tell."""

    kind: NoticeKind
    window: timedelta
    figures: Callable[[Sequence[AttendedSession]], Figures | None]

    def reached(self, attended: Sequence[AttendedSession], moment: datetime) -> Figures | None:
        """Returns what is reached in the window that ends with `moment`; None: it is not."""
        first, last = (bisect_right(attended, end, key=_beginning) for end in (moment - self.window, moment))
        return self.figures(attended[first:last])


def _counts(rules: NoticeRules) -> tuple[_Count, ...]:
    return (
        _Count(NoticeKind.LATE_AGAIN, timedelta(days=rules.late_days), partial(_late, rules)),
        _Count(NoticeKind.LOW_ATTENDANCE, timedelta(days=rules.low_days), partial(_low, rules)),
    )


def _beginning(session: AttendedSession) -> datetime:
    return session.starts_at


def _settle_person(
    ledger: _Ledger, session_id: str, start: datetime, attended: Sequence[AttendedSession], rules: NoticeRules
) -> None:
    absent = any(each.session_id == session_id and each.status is AttendanceStatus.ABSENT for each in attended)
    ledger.settle(NoticeKind.ABSENT, session_id, start, {} if absent else None)
    for count in _counts(rules):
        _withdraw_counts(ledger, count, {session_id}, [start], attended)
        _tell_counts(ledger, count, start, attended)


def _withdraw_counts(
    ledger: _Ledger,
    count: _Count,
    session_ids: Container[str],
    starts: Sequence[datetime],
    attended: Sequence[AttendedSession],
) -> None:
    """Withdraws what is not reached any more with these sessions, or with others in the window after one of them.

    Each notice is looked at once, however many sessions there are; `starts` are their beginnings, in order.
    """
    for notice in ledger.standing(count.kind):
        before = bisect_right(starts, notice.starts_at)
        follows = before > 0 and notice.starts_at < starts[before - 1] + count.window
        # That of a session itself in any case: it may have been moved since.
        if (follows or notice.session_id in session_ids) and count.reached(attended, notice.starts_at) is None:
            ledger.withdraw(notice)


def _tell_counts(ledger: _Ledger, count: _Count, start: datetime, attended: Sequence[AttendedSession]) -> None:
    """Notes what is reached with a session from `start` on, once in a window."""
    for each in attended:
        if not max(start, ledger.since) <= each.starts_at < start + count.window:
            continue
        if any(abs(notice.starts_at - each.starts_at) < count.window for notice in ledger.standing(count.kind)):
            continue
        if (figures := count.reached(attended, each.starts_at)) is not None:
            ledger.tell(count.kind, each.session_id, each.starts_at, figures)


def _late(rules: NoticeRules, seen: Sequence[AttendedSession]) -> Figures | None:
    count = sum(each.status is AttendanceStatus.LATE for each in seen)
    if count < rules.late_times or seen[-1].status is not AttendanceStatus.LATE:
        return None
    return {"times": count, "days": rules.late_days}


def _low(rules: NoticeRules, seen: Sequence[AttendedSession]) -> Figures | None:
    summary = summary_of(seen)
    percentage = summary.percentage
    if percentage is None or summary.decided < rules.low_sessions or seen[-1].status not in DECIDED:
        return None
    if percentage >= Decimal(str(rules.low_percentage)):
        return None
    return {"percentage": float(percentage), "below": rules.low_percentage, "days": rules.low_days}


class _Ledger:
    """The notices about one person, or one session as a whole: those before, and those that are added.

    Nothing is told of sessions that began before `since`; what was told of them is withdrawn all the same.
    """

    def __init__(
        self,
        group_id: str,
        person_id: str | None,
        told: Sequence[AttendanceNotice],
        now: datetime,
        since: datetime,
    ) -> None:
        self.since = since
        self._group_id = group_id
        self._person_id = person_id
        self._told = list(told)
        self._now = now
        self.found: list[AttendanceNotice] = []

    def standing(self, kind: NoticeKind) -> Sequence[AttendanceNotice]:
        """Returns the notices of a kind that were not withdrawn."""
        withdrawn = {each.withdraws for each in self._told}
        own = (each for each in self._told if each.kind is kind and each.withdraws is None)
        return [each for each in own if each.notice_id not in withdrawn]

    def settle(self, kind: NoticeKind, session_id: str, starts_at: datetime, figures: Figures | None) -> None:
        """Adds a notice of a session unless one stands already; without figures withdraws those that stand."""
        standing = [each for each in self.standing(kind) if each.session_id == session_id]
        if figures is None:
            for notice in standing:
                self.withdraw(notice)
        elif not standing:
            self.tell(kind, session_id, starts_at, figures)

    def tell(self, kind: NoticeKind, session_id: str, starts_at: datetime, figures: Figures) -> None:
        """Adds a notice; the second of a kind about a session, after the first was withdrawn, has another id."""
        if starts_at < self.since:
            return
        before = sum(
            each.kind is kind and each.session_id == session_id and each.withdraws is None for each in self._told
        )
        words = (kind.value, session_id, self._person_id or "", str(before))
        notice_id = hashlib.sha256("|".join(words).encode()).hexdigest()[:32]
        self._add(
            AttendanceNotice(
                notice_id, kind, session_id, self._group_id, starts_at, self._person_id, self._now, figures=figures
            )
        )

    def withdraw(self, notice: AttendanceNotice) -> None:
        """Adds that a notice does not hold any more."""
        notice_id = hashlib.sha256(f"withdrawn|{notice.notice_id}".encode()).hexdigest()[:32]
        self._add(
            AttendanceNotice(
                notice_id,
                notice.kind,
                notice.session_id,
                notice.group_id,
                notice.starts_at,
                notice.person_id,
                self._now,
                withdraws=notice.notice_id,
            )
        )

    def _add(self, notice: AttendanceNotice) -> None:
        self._told.append(notice)
        self.found.append(notice)
