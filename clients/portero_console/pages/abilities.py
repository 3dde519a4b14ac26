"""What a page shows to whom: what the server would refuse is left out. The server is what protects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from portero_client import Grant, Role


class Ability(Enum):
    """Something that a page offers; the value is what templates and modules call it."""

    SEE = "see"
    LIST_PEOPLE = "list-people"
    ENROLL = "enroll"
    CHANGE_PEOPLE = "change-people"
    KEEP_CONSENTS = "keep-consents"
    BLOCK = "block"
    ERASE = "erase"
    SEARCH = "search"
    SEE_USAGE = "see-usage"
    REVIEW = "review"
    SEE_ATTENDANCE = "see-attendance"
    SEE_CLASSES = "see-classes"
    CORRECT = "correct"
    SEE_AUDIT = "see-audit"


@dataclass(frozen=True, slots=True)
class Needs:
    """What an ability needs.

    Attributes:
        calls: The RPCs behind it.
        roles: Any one of these is enough.
        unlimited: Whether it takes a grant that is not limited to cameras.
    """

    calls: tuple[str, ...]
    roles: frozenset[Role]
    unlimited: bool = False


_KEEPERS = frozenset({Role.ADMIN, Role.OPERATOR})
_DESK = _KEEPERS | {Role.CHECK_IN_DESK}
_SCHOOL = _KEEPERS | {Role.READER, Role.TEACHER}
_ATTENDANCE = (
    "AttendanceGroupService/ListGroups",
    "AttendanceGroupService/GetGroup",
    "AttendanceService/ListAttendanceSessions",
    "AttendanceService/ListAttendanceRecords",
    "AttendanceService/GetAttendanceReport",
)

NEEDS: Mapping[Ability, Needs] = {
    Ability.SEE: Needs(
        ("SightingService/ListSightings", "SightingService/WatchSightings", "CameraService/ListCameras"),
        _DESK | {Role.READER},
    ),
    Ability.LIST_PEOPLE: Needs(("GalleryService/ListPeople", "GalleryService/ListFaces"), _KEEPERS | {Role.READER}),
    Ability.ENROLL: Needs(
        ("GalleryService/CreatePerson", "GalleryService/EnrollFace", "GalleryService/CheckPhoto"), _DESK
    ),
    Ability.CHANGE_PEOPLE: Needs(("GalleryService/UpdatePerson", "GalleryService/DeleteFace"), _KEEPERS),
    Ability.KEEP_CONSENTS: Needs(
        ("PrivacyService/GetPersonPrivacy", "PrivacyService/RecordConsent", "PrivacyService/WithdrawConsent"), _DESK
    ),
    Ability.BLOCK: Needs(("PrivacyService/BlockPerson", "PrivacyService/UnblockPerson"), _KEEPERS),
    Ability.ERASE: Needs(("PrivacyService/ErasePerson",), _KEEPERS, unlimited=True),
    Ability.SEARCH: Needs(("GalleryService/SearchByImage",), _DESK),
    Ability.SEE_USAGE: Needs(("UsageService/GetUsage",), _KEEPERS),
    Ability.REVIEW: Needs(
        (
            "DecisionService/ListReviewQueue",
            "DecisionService/GetReviewPicture",
            "DecisionService/ReviewSighting",
            "DecisionService/UndoReview",
        ),
        _KEEPERS,
    ),
    Ability.SEE_ATTENDANCE: Needs(_ATTENDANCE, _SCHOOL | {Role.GUARDIAN}, unlimited=True),
    Ability.SEE_CLASSES: Needs((*_ATTENDANCE, "AttendanceService/ListAttendanceCorrections"), _SCHOOL, unlimited=True),
    Ability.CORRECT: Needs(
        ("AttendanceService/CorrectAttendance", "AttendanceService/WithdrawAttendanceCorrection"),
        _KEEPERS | {Role.TEACHER},
        unlimited=True,
    ),
    Ability.SEE_AUDIT: Needs(("AuditService/ListAuditEntries",), frozenset({Role.ADMIN}), unlimited=True),
}


def abilities_of(grants: Iterable[Grant]) -> frozenset[Ability]:
    """Returns what somebody with these grants may do."""
    granted = list(grants)
    return frozenset(ability for ability, needs in NEEDS.items() if any(_fits(grant, needs) for grant in granted))


def _fits(grant: Grant, needs: Needs) -> bool:
    return grant.role in needs.roles and not (needs.unlimited and (grant.cameras or grant.sites))
