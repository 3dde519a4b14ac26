"""Decides which days of sightings the scheduled export writes, and when it writes one again. Pure.

A partition is a site and a day of UTC, by when a sighting began. Sites have no time zone of their own, and a partition
that depended on a setting would move with it. A day is written once it is closed, and again whenever something of it
has changed since it was read, or the retention of its sightings has removed some.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.export_range import ExportedSighting

_REMOVED = timedelta(days=1)
"""How long retention is waited for; a day that still has what it must remove is read again after as long."""


@dataclass(frozen=True, slots=True)
class WrittenPartition:
    """What a site's file of a day holds.

    Attributes:
        revision: 1, and one more each time the file was written again.
        rows: Number of sightings.
        rows_sha256: Digest of the sightings, and of the version of their columns.
    """

    revision: int
    rows: int
    rows_sha256: str


@dataclass(frozen=True, slots=True)
class ExportDay:
    """A day of UTC that is exported.

    Attributes:
        day: Which.
        changes: 1 when it was first noted, and one more for each change of its sightings.
        written: The changes that the files show; less: they must be written again.
        read_at: When the reading of what the files show began, UTC; None: it was never written whole.
        partitions: The files that were written, by site; an empty site: cameras of none.
        oldest: By each retention that removes something from the files, the end of the sighting that goes first, UTC.
    """

    day: date
    changes: int
    written: int = 0
    read_at: datetime | None = None
    partitions: Mapping[str, WrittenPartition] = field(default_factory=dict)
    oldest: Mapping[Purpose, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportRules:
    """When days are written.

    Attributes:
        grace: How long a day must be over, since frames may arrive late.
        since: First day; None: the last one that was closed when the export began.
        retention: How long sightings of strangers, of people, and what makes strangers known again are kept. Days are
            written again after each. Empty: files keep what is gone from the database.
    """

    grace: timedelta
    since: date | None = None
    retention: Mapping[Purpose, timedelta] = field(default_factory=dict)


def bounds(day: date) -> tuple[datetime, datetime]:
    """Returns the times from which, and before which, a sighting of a day began."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def days_between(first: datetime, last: datetime) -> Collection[date]:
    """Returns the days on which a sighting began and ended: one that was begun anew elsewhere has left either."""
    return {first.astimezone(UTC).date(), last.astimezone(UTC).date()}


def retained_by(exported: ExportedSighting) -> Collection[Purpose]:
    """Returns whose retention removes something of a sighting from a file."""
    named = Purpose.STRANGERS if exported.sighting.person_id is None else Purpose.SIGHTINGS
    return [named] if exported.sighting.visitor_id is None else [named, Purpose.VISITORS]


def days_due(known: Mapping[date, ExportDay], rules: ExportRules, now: datetime) -> Sequence[date]:
    """Returns the days that must be written now, oldest first.

    Args:
        known: The days that were noted.
        rules: When days are written.
        now: The present, UTC.
    """
    return [day for day in _closed(known, rules, now) if _is_due(known.get(day), rules, now)]


def written_until(known: Mapping[date, ExportDay], rules: ExportRules, now: datetime) -> datetime | None:
    """Returns the end of the last day up to which all closed days were written once, UTC; None: there is none."""
    end = None
    for day in _closed(known, rules, now):
        if day not in known or known[day].read_at is None:
            break
        _, end = bounds(day)
    return end


def _closed(known: Mapping[date, ExportDay], rules: ExportRules, now: datetime) -> Iterator[date]:
    # Of an export that begins, the last closed day; then every day since the first one, also after days without server.
    last = (now.astimezone(UTC) - rules.grace).date() - timedelta(days=1)
    day = rules.since or min((*known, last))
    # A first day that was moved on leaves what is noted, since files name people, and not what was never begun.
    yield from sorted(each for each in known if each < day)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _is_due(told: ExportDay | None, rules: ExportRules, now: datetime) -> bool:
    if told is None or told.read_at is None or told.written < told.changes:
        return True
    return any(
        _has_expired(told.day, told.read_at, told.oldest[kind] + span, span, now)
        for kind, span in rules.retention.items()
        if kind in told.oldest
    )


def _has_expired(day: date, read_at: datetime, expired_at: datetime, span: timedelta, now: datetime) -> bool:
    """Returns whether a day is read again for what was there at `read_at` and must be gone since `expired_at`."""
    _, end = bounds(day)
    # Once for all of the day; then daily while something is left: of a server that was off, or a visit of days.
    gone = max(expired_at, end + span) + _REMOVED
    return now >= max(gone, read_at + _REMOVED if read_at >= gone else gone)
