"""Which sessions must be decided anew when something becomes known late: those whose records may differ, and no others.

Sessions that are not held have no records, so nothing touches them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portero_server.domain.attendance.groups import Placement, Roster, surviving
from portero_server.domain.attendance.limits import opening
from portero_server.domain.attendance.record import AttendanceCorrection, Excuse, PersonSighting
from portero_server.domain.attendance.rules import DEFAULT_RULES, AttendanceRules
from portero_server.domain.attendance.schedule import AttendanceSession, SessionState
from portero_server.domain.attendance.sheet import cameras_of
from portero_server.domain.attendance.spans import TimeSpan

_NO_ROSTER = Roster()


@dataclass(frozen=True, slots=True)
class _View:
    """A time in which a camera can show who attends a session."""

    span: TimeSpan
    session: AttendanceSession


class SessionIndex:
    """Finds the ids of the sessions that a fact touches."""

    def __init__(
        self,
        sessions: Iterable[AttendanceSession],
        placements: Iterable[Placement],
        rosters: Mapping[str, Roster],
        rules: Mapping[str, AttendanceRules] | None = None,
        merges: Mapping[str, str] | None = None,
    ) -> None:
        """Indexes sessions by camera and group.

        Args:
            sessions: In any order.
            placements: Which cameras watch which rooms.
            rosters: By group id; a group that is missing has nobody.
            rules: By group id; a group that is missing has the default ones.
            merges: As in `SessionFacts`.
        """
        self._rosters, self._rules, self._merges = rosters, rules or {}, merges or {}
        self._held = [each for each in sessions if each.state is SessionState.HELD]
        self._views: dict[str, list[_View]] = defaultdict(list)
        self._longest = timedelta(0)
        self._expected: dict[tuple[str, date], tuple[str, ...]] = {}
        placements = tuple(placements)
        for session in self._held:
            for camera_id, spans in cameras_of(session, placements, self._rules_of(session)).items():
                self._views[camera_id].extend(_View(span, session) for span in spans)
                self._longest = max(self._longest, *(span.length for span in spans))
        for views in self._views.values():
            views.sort(key=lambda view: view.span.start)

    def by_sighting(self, *versions: PersonSighting) -> frozenset[str]:
        """Returns the sessions that a sighting touches.

        Args:
            versions: The sighting as it was before, if it was known, and as it is now, if it still is: whoever was
                named before had a record by it.
        """
        return frozenset(
            view.session.session_id
            for each in versions
            for view in self._views_of(each.camera_id, each.first_seen, each.last_seen)
            if self._concerns(each, view.session)
        )

    def by_coverage(self, camera_id: str, spans: Iterable[TimeSpan]) -> frozenset[str]:
        """Returns the sessions that a camera's coverage touches, which changed in some spans."""
        return frozenset(
            view.session.session_id
            for span in spans
            for view in self._views_of(camera_id, span.start, span.end)
            if view.span.within(span) is not None
        )

    def by_roster(self, group_id: str, before: Roster, after: Roster) -> frozenset[str]:
        """Returns the sessions of a group on whose days other people are expected after a change of its roster."""
        return frozenset(
            each.session_id
            for each in self._held
            if each.group_id == group_id
            and before.people_on(each.day, self._merges) != after.people_on(each.day, self._merges)
        )

    def by_excuse(self, excuse: Excuse) -> frozenset[str]:
        """Returns the sessions that an excuse touches, when it is made or taken back."""
        return frozenset(
            each.session_id for each in self._expecting(excuse.person_id) if each.span.within(excuse.span) is not None
        )

    def by_correction(self, correction: AttendanceCorrection) -> frozenset[str]:
        """Returns the session that a correction touches, when it is made or taken back; none if it expects others."""
        return frozenset(
            each.session_id
            for each in self._expecting(correction.person_id)
            if each.session_id == correction.session_id
        )

    def by_merge(self, gone: str, merged_to: str) -> frozenset[str]:
        """Returns the sessions that a merge of two people touches: where either is expected."""
        return frozenset(each.session_id for person_id in (gone, merged_to) for each in self._expecting(person_id))

    def by_rooms(self, room_ids: Iterable[str], span: TimeSpan) -> frozenset[str]:
        """Returns the sessions in some rooms that a change of their cameras touches, which holds in a span."""
        changed = set(room_ids)
        return frozenset(
            each.session_id
            for each in self._held
            if not changed.isdisjoint(each.room_ids)
            and opening(each.span, self._rules_of(each)).within(span) is not None
        )

    def by_rules(self, group_id: str) -> frozenset[str]:
        """Returns the sessions that a change of a group's rules touches: all of the group."""
        return frozenset(each.session_id for each in self._held if each.group_id == group_id)

    def _views_of(self, camera_id: str, first: datetime, last: datetime) -> Iterator[_View]:
        views = self._views.get(camera_id, [])
        at = bisect_left(views, first - self._longest, key=lambda view: view.span.start)
        while at < len(views) and views[at].span.start <= last:
            if views[at].span.meets(first, last):
                yield views[at]
            at += 1

    def _concerns(self, sighting: PersonSighting, session: AttendanceSession) -> bool:
        """Returns whether a sighting shows, or may show, somebody who is expected."""
        expected = self._people(session)
        if sighting.person_id is None and sighting.unclear and self._rules_of(session).heeds_unclear_faces:
            return bool(expected)
        shown = {*sighting.may_be, *([] if sighting.person_id is None else [sighting.person_id])}
        return any(surviving(each, self._merges) in expected for each in shown)

    def _expecting(self, person_id: str) -> Iterator[AttendanceSession]:
        person_id = surviving(person_id, self._merges)
        return (each for each in self._held if person_id in self._people(each))

    def _people(self, session: AttendanceSession) -> tuple[str, ...]:
        key = session.group_id, session.day
        if key not in self._expected:
            roster = self._rosters.get(session.group_id, _NO_ROSTER)
            self._expected[key] = roster.people_on(session.day, self._merges)
        return self._expected[key]

    def _rules_of(self, session: AttendanceSession) -> AttendanceRules:
        return self._rules.get(session.group_id, DEFAULT_RULES)


def by_schedule(before: Iterable[AttendanceSession], after: Iterable[AttendanceSession]) -> frozenset[str]:
    """Returns the ids of the sessions that a change of schedules or holidays touches: which came, went or differ."""
    return frozenset(each.session_id for each in set(before) ^ set(after))
