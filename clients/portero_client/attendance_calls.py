"""The attendance methods of PorteroClient. Every call raises PorteroError if it fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from portero_client.attendance import (
    AttendanceChange,
    AttendanceCorrection,
    AttendanceExcuse,
    AttendanceRecord,
    AttendanceReport,
    AttendanceSession,
    AttendanceStatus,
)
from portero_client.attendance_groups import (
    AttendanceGroup,
    AttendanceSchedule,
    CameraPlacement,
    Membership,
    RosterImport,
    ScheduleException,
)
from portero_client.calls import attendance as calls
from portero_client.calls import attendance_groups as group_calls
from portero_client.listing import Ask, Listing


class AttendanceGroups:
    """Groups with their rosters and schedules. A group is given by id or resource name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def put(self, group: AttendanceGroup) -> AttendanceGroup:
        """Stores a group, new or in place of the one of its name. Raises InvalidArgument."""
        return await self._ask(group_calls.put(group))

    async def get(self, group: str) -> AttendanceGroup:
        """Returns a group. Raises NotFound."""
        return await self._ask(group_calls.get(group))

    def list(self, *, page_size: int = 0, page_token: str = "") -> Listing[AttendanceGroup]:
        """Lists groups by name."""
        return Listing(self._ask, group_calls.list_pages(), page_size=page_size, page_token=page_token)

    async def delete(self, group: str) -> None:
        """Removes a group without records. Raises NotFound, FailedPrecondition."""
        await self._ask(group_calls.delete(group))

    async def put_free_day(self, group: str, day: date, display_name: str, *, dry_run: bool = False) -> AttendanceGroup:
        """Stores one free day of a group, and leaves the rest of it as it is.

        Args:
            group: Id or resource name.
            day: The day.
            display_name: Why it is free, 1..200 characters.
            dry_run: Whether it is only judged.

        Returns:
            The group as it is stored, or would be.

        Raises:
            NotFound: There is no such group.
            InvalidArgument: The day is a worked one, or the group has 400 free days.
        """
        return await self._ask(group_calls.put_free_day(group, day, display_name, dry_run=dry_run))

    async def remove_free_day(self, group: str, day: date) -> bool:
        """Removes one free day of a group; returns whether it was one. Raises NotFound."""
        return await self._ask(group_calls.remove_free_day(group, day))

    async def import_roster(
        self, group: str, memberships: Sequence[Membership], *, replace: bool = False, dry_run: bool = False
    ) -> RosterImport:
        """Adds members, or changes until when they belong to a group; all or nothing is stored.

        Args:
            group: Id or resource name.
            memberships: At most 5000.
            replace: Whether memberships that are not among these are removed.
            dry_run: Whether it is only counted.

        Raises:
            NotFound: There is no such group, or somebody is not in the gallery.
        """
        return await self._ask(group_calls.import_roster(group, memberships, replace=replace, dry_run=dry_run))

    def roster(self, group: str, *, page_size: int = 0, page_token: str = "") -> Listing[Membership]:
        """Lists who belongs to a group."""
        return Listing(self._ask, group_calls.roster_pages(group), page_size=page_size, page_token=page_token)

    async def put_schedule(
        self, schedule: AttendanceSchedule, *, keep_exceptions: bool = False, dry_run: bool = False
    ) -> AttendanceSchedule:
        """Stores a schedule, new or in place of the one of its name.

        Args:
            schedule: As it is from now on.
            keep_exceptions: Whether exceptions that are stored stay, but for those of days of which it has one.
            dry_run: Whether it is only judged.

        Returns:
            The schedule as it is stored, or would be.

        Raises:
            NotFound: There is no such group.
            FailedPrecondition: The schedule is another group's.
            InvalidArgument: Something of it cannot be.
        """
        return await self._ask(group_calls.put_schedule(schedule, keep_exceptions=keep_exceptions, dry_run=dry_run))

    async def schedules(self, group: str) -> tuple[AttendanceSchedule, ...]:
        """Returns the schedules of a group. Raises NotFound."""
        return await self._ask(group_calls.schedules(group))

    async def put_exception(self, schedule: str, exception: ScheduleException) -> AttendanceSchedule:
        """Stores one exception to a schedule, in place of the one of its day, and leaves the others as they are.

        Args:
            schedule: Id or resource name.
            exception: Of a day on which a session begins by the schedule. One without any change has the session take
                place although its day is a holiday.

        Raises:
            NotFound: There is no such schedule.
            InvalidArgument: No session begins on that day by the schedule, or there are 400 exceptions.
        """
        return await self._ask(group_calls.put_exception(schedule, exception))

    async def remove_exception(self, schedule: str, day: date) -> bool:
        """Removes the exception of a day, so that its session is as by the schedule; returns whether there was one.

        Raises:
            NotFound: There is no such schedule.
        """
        return await self._ask(group_calls.remove_exception(schedule, day))

    async def place_camera(
        self, camera: str, room: str, *, start: datetime | None = None, end: datetime | None = None
    ) -> CameraPlacement:
        """Stores that a camera watches a room, from `start` until before `end`; None: unbounded. Raises NotFound."""
        return await self._ask(group_calls.place_camera(camera, room, start, end))

    async def end_placement(self, placement: str, end: datetime | None = None) -> CameraPlacement | None:
        """Ends a placement; without `end` the camera never watched the room, and None is returned. Raises NotFound."""
        return await self._ask(group_calls.end_placement(placement, end))

    async def accept_camera_view(self, camera: str) -> datetime:
        """Stores that the view which a camera has from now on is the one it should have. Raises NotFound."""
        return await self._ask(group_calls.accept_camera_view(camera))

    async def placements(self) -> tuple[CameraPlacement, ...]:
        """Returns which cameras watch which rooms."""
        return await self._ask(group_calls.placements())


class Attendance:
    """Sessions and records. Sessions are given as `math/2026-03-02` or by resource name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def sessions(
        self,
        *,
        group: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
    ) -> Listing[AttendanceSession]:
        """Lists sessions begun from `start` until before `end`, in order; `group` empty means all."""
        return Listing(self._ask, calls.session_pages(group, start, end), page_size=page_size, page_token=page_token)

    def records(
        self,
        *,
        session: str = "",
        person: str = "",
        group: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
    ) -> Listing[AttendanceRecord]:
        """Lists records in the order of their sessions; one of session, person and group must be given."""
        return Listing(
            self._ask,
            calls.record_pages(session, person, group, start, end),
            page_size=page_size,
            page_token=page_token,
        )

    def changes(
        self, *, session: str = "", person: str = "", page_size: int = 0, page_token: str = ""
    ) -> Listing[AttendanceChange]:
        """Lists changes of published statuses, oldest first; one of session and person must be given."""
        return Listing(self._ask, calls.change_pages(session, person), page_size=page_size, page_token=page_token)

    async def report(
        self, *, person: str = "", group: str = "", start: datetime | None = None, end: datetime | None = None
    ) -> AttendanceReport:
        """Returns what records add up to for each person; one of person and group must be given."""
        return await self._ask(calls.report(person, group, start, end))

    async def correct(self, session: str, person: str, status: AttendanceStatus, reason: str) -> AttendanceCorrection:
        """Says how somebody attended, whatever cameras say. Raises NotFound, FailedPrecondition."""
        return await self._ask(calls.correct(session, person, status, reason))

    async def withdraw_correction(self, correction: str) -> AttendanceCorrection:
        """Takes a correction back. Raises NotFound, FailedPrecondition."""
        return await self._ask(calls.withdraw_correction(correction))

    async def corrections(self, session: str) -> tuple[AttendanceCorrection, ...]:
        """Returns the corrections of a session, oldest first."""
        return await self._ask(calls.corrections(session))

    async def excuse(self, person: str, start: datetime, end: datetime, reason: str) -> AttendanceExcuse:
        """Excuses somebody from `start` until before `end`. Raises NotFound."""
        return await self._ask(calls.excuse(person, start, end, reason))

    async def withdraw_excuse(self, excuse: str) -> AttendanceExcuse:
        """Takes an excuse back. Raises NotFound."""
        return await self._ask(calls.withdraw_excuse(excuse))

    def excuses(self, person: str, *, page_size: int = 0, page_token: str = "") -> Listing[AttendanceExcuse]:
        """Lists the excuses of a person, with those that were taken back."""
        return Listing(self._ask, calls.excuse_pages(person), page_size=page_size, page_token=page_token)
