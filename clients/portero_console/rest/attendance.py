"""Who attended what, and what people say of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, field_validator

from portero_client import (
    AttendanceCorrection,
    AttendanceGroup,
    AttendanceRecord,
    AttendanceReport,
    AttendanceSession,
    AttendanceStatus,
)
from portero_client.names import ATTENDANCE_CORRECTIONS, ATTENDANCE_SCHEDULES, PEOPLE
from portero_console.parts import TheCaller
from portero_console.rest.shapes import (
    DEFAULT_PAGE_SIZE,
    GroupFilter,
    Listed,
    PageSize,
    PageToken,
    PersonFilter,
    listed,
)
from portero_console.rest.spans import TheSpan
from portero_reports import bounds_of

router = APIRouter(tags=["attendance"])

_Schedule = Annotated[
    str, Path(pattern=f"^{ATTENDANCE_SCHEDULES.identifier_pattern.pattern}$", description="The schedule's id.")
]
_Day = Annotated[date, Path(description="The day on which the session begins, in its group's time zone.")]
_CorrectionId = Annotated[
    str, Path(pattern=f"^{ATTENDANCE_CORRECTIONS.identifier_pattern.pattern}$", description="The correction's id.")
]


class NewCorrection(BaseModel):
    """What a person says of somebody's attendance."""

    person: Annotated[str, Field(pattern=f"^{PEOPLE.identifier_pattern.pattern}$", description="Whose, by id.")]
    status: Annotated[AttendanceStatus, Field(description="What counts; `unspecified` and `unproven` are refused.")]
    reason: Annotated[str, Field(min_length=1, max_length=200, description="Why.")]

    @field_validator("status")
    @classmethod
    def _says_something(cls, status: AttendanceStatus) -> AttendanceStatus:
        if status in (AttendanceStatus.UNSPECIFIED, AttendanceStatus.UNPROVEN):
            raise ValueError("status must be present, late, left_early, absent or excused")
        return status


@router.get("/attendance/groups", response_model=Listed[AttendanceGroup], summary="Lists groups")
async def list_groups(caller: TheCaller, page_size: PageSize = DEFAULT_PAGE_SIZE, page_token: PageToken = "") -> object:
    """Lists the groups that the key may see, by id."""
    return await listed(caller.client.attendance_groups.list(page_token=page_token), page_size)


@router.get("/attendance/sessions", response_model=Listed[AttendanceSession], summary="Lists sessions")
async def list_sessions(
    caller: TheCaller,
    span: TheSpan,
    group: GroupFilter = "",
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> object:
    """Lists sessions that begin in a time, in order; days need a group, in whose time zone they are."""
    start, end = await bounds_of(caller.client, span, group=group)
    sessions = caller.client.attendance.sessions(group=group, start=start, end=end, page_token=page_token)
    return await listed(sessions, page_size)


@router.get("/attendance/records", response_model=Listed[AttendanceRecord], summary="Lists records")
async def list_records(
    caller: TheCaller,
    span: TheSpan,
    group: GroupFilter = "",
    person: PersonFilter = "",
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> object:
    """Lists how people attended, in the order of sessions; group or person must be given."""
    start, end = await bounds_of(caller.client, span, group=group, person=person)
    records = caller.client.attendance.records(group=group, person=person, start=start, end=end, page_token=page_token)
    return await listed(records, page_size)


@router.get("/attendance/report", response_model=AttendanceReport, summary="Adds records up")
async def get_report(caller: TheCaller, span: TheSpan, group: GroupFilter = "", person: PersonFilter = "") -> object:
    """Returns what records add up to for each person; group or person must be given."""
    start, end = await bounds_of(caller.client, span, group=group, person=person)
    return await caller.client.attendance.report(group=group, person=person, start=start, end=end)


@router.get(
    "/attendance/sessions/{schedule}/{day}/corrections",
    response_model=list[AttendanceCorrection],
    summary="Lists corrections",
)
async def list_corrections(caller: TheCaller, schedule: _Schedule, day: _Day) -> object:
    """Lists the corrections of a session, oldest first, with those that were taken back."""
    return await caller.client.attendance.corrections(f"{schedule}/{day}")


@router.post(
    "/attendance/sessions/{schedule}/{day}/corrections",
    response_model=AttendanceCorrection,
    status_code=201,
    summary="Corrects an attendance",
)
async def correct_attendance(caller: TheCaller, schedule: _Schedule, day: _Day, correction: NewCorrection) -> object:
    """Says how somebody attended, whatever cameras say."""
    return await caller.client.attendance.correct(
        f"{schedule}/{day}", correction.person, correction.status, correction.reason
    )


@router.post(
    "/attendance/corrections/{correction}/withdraw",
    response_model=AttendanceCorrection,
    summary="Withdraws a correction",
)
async def withdraw_correction(caller: TheCaller, correction: _CorrectionId) -> object:
    """Takes a correction back: what cameras and rules say counts again, or the correction before."""
    return await caller.client.attendance.withdraw_correction(correction)
