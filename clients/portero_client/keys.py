"""API keys and their roles."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Role(Enum):
    """What the holder of a key may do."""

    BRIDGE = "bridge"
    READER = "reader"
    OPERATOR = "operator"
    CHECK_IN_DESK = "check-in-desk"
    ADMIN = "admin"
    METRICS = "metrics"
    TEACHER = "teacher"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key, without its text.

    Attributes:
        name: Resource name, "keys/{key}".
        display_name: Name to show to people.
        roles: What it may do.
        cameras: Only for these cameras, "cameras/{camera}", and those of `sites`; both empty: for all.
        sites: Only for the cameras of these sites, and `cameras`.
        create_time: UTC, as the other times.
        creator: Who made it.
        expire_time: When the key becomes invalid; None: never.
        revoke_time: When it was revoked; None: it was not.
        last_use_time: When it was last used, to the minute; None: never.
        groups: The groups of a teacher, "attendanceGroups/{group}".
        people: The people of a guardian, "people/{person}".
    """

    name: str
    display_name: str
    roles: tuple[Role, ...]
    cameras: tuple[str, ...]
    sites: tuple[str, ...]
    create_time: datetime
    creator: str
    expire_time: datetime | None = None
    revoke_time: datetime | None = None
    last_use_time: datetime | None = None
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, and the cameras for which it holds.

    Attributes:
        role: What the caller may do.
        cameras: Only for these cameras, "cameras/{camera}", and those of `sites`; both empty: for all.
        sites: Only for the cameras of these sites, and `cameras`.
        groups: Of a teacher: the attendance of these groups only.
        people: Of a guardian: the attendance of these people only.
    """

    role: Role
    cameras: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a caller is to the server.

    Attributes:
        subject: "keys/{key}", "bridges/{bridge}" or "users/{user}"; "local" where no credential is required.
        grants: What it may do, by role; roles of a newer server that this client does not know are left out.
        expire_time: When its credential becomes invalid by itself, UTC; None: never.
    """

    subject: str
    grants: tuple[Grant, ...]
    expire_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A newly created key.

    Attributes:
        key: As stored.
        text: What to show the server. It is here and nowhere else, and no representation of this shows it.
    """

    key: ApiKey
    text: str = field(repr=False)
