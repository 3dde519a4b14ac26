"""Which check-ins are listed, and from where on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from portero_server.domain.documents.judgment import CheckInResult
from portero_server.store.schema import check_ins


@dataclass(frozen=True, slots=True)
class CheckInFilter:
    """Conditions on check-ins; all must hold, and None means no condition.

    Attributes:
        camera_id: Check-ins at this camera.
        run: Check-ins with a document of this RUN.
        result: Check-ins that were judged so.
        undecided: Only those to be reviewed that nobody has decided yet.
        start: Begun at this time or later.
        end: Begun before this time.
        within: At one of these cameras; those at no camera are left out.
    """

    camera_id: str | None = None
    run: str | None = None
    result: CheckInResult | None = None
    undecided: bool = False
    start: datetime | None = None
    end: datetime | None = None
    within: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class CheckInCursor:
    """A position in the list."""

    created_at: datetime
    check_in_id: str


def index_for(which: CheckInFilter) -> str:
    """Returns the index along which such check-ins are listed, latest first."""
    if which.run is not None:
        return "ix_check_ins_run"
    if which.camera_id is not None:
        return "ix_check_ins_camera"
    return "ix_check_ins_result" if which.result is not None or which.undecided else "ix_check_ins_time"


def filtered(which: CheckInFilter) -> Select[Any]:
    """Returns the query for the check-ins that a filter lets through."""
    table = check_ins.c
    query = select(check_ins)
    if which.camera_id is not None:
        query = query.where(table.camera_id == which.camera_id)
    if which.run is not None:
        query = query.where(table.run == which.run)
    if which.result is not None:
        query = query.where(table.result == which.result.value)
    if which.undecided:
        query = query.where(table.result == CheckInResult.REVIEW.value, table.decision.is_(None))
    if which.start is not None:
        query = query.where(table.created_at >= which.start)
    if which.end is not None:
        query = query.where(table.created_at < which.end)
    if which.within is not None:
        query = query.where(table.camera_id.in_(which.within))
    return query
