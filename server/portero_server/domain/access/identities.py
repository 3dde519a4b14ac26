"""Identities of callers: roles, the cameras they are authorized for, and how the identity was proven."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Role(Enum):
    """What somebody does here; which methods that takes is said in one table, `rpc/auth/policy.py`."""

    BRIDGE = "bridge"
    """Forward the frames of its own cameras, and hears what comes of them."""
    READER = "reader"
    """Reads people, cameras and sightings."""
    OPERATOR = "operator"
    """Keeps people and cameras, and reads everything but the keys."""
    CHECK_IN_DESK = "check-in-desk"
    """Enrolls and compares the person who stands at the desk."""
    ADMIN = "admin"
    """Everything, keys included."""
    METRICS = "metrics"
    """Scrapes /metrics, and nothing else."""
    TEACHER = "teacher"
    """Reads and corrects the attendance of its own groups."""
    GUARDIAN = "guardian"
    """Reads the attendance of its own people."""


OF_ATTENDANCE = frozenset({Role.TEACHER, Role.GUARDIAN})
"""Roles that apply to groups or people and to no camera. Only keys have them: a scope of theirs is never everything."""


class AuthMethod(Enum):
    """How an identity was proven."""

    NONE = "none"
    """Not proven: on a server without authentication, anybody who can reach its loopback port is an admin."""
    KEY = "key"
    CERTIFICATE = "certificate"
    TOKEN = "token"  # noqa: S105 - a word, not a secret


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller is authorized for: cameras by name, by site, or all; attendance by group, by person, or all.

    Attributes:
        cameras: Ids of cameras.
        sites: Names of sites; every camera of one is within, those added later too.
        everything: All cameras, and what belongs to no camera.
        groups: Ids of groups whose attendance is within, of everybody who belongs to them.
        people: Ids of people whose attendance is within, in whatever group.
    """

    cameras: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    everything: bool = False
    groups: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()

    def covers(self, camera_id: str, site: str) -> bool:
        """Whether the scope includes a camera of this site."""
        return self.everything or camera_id in self.cameras or (site != "" and site in self.sites)

    @property
    def key(self) -> str:
        """One word for all equal scopes; empty for everything, which says nothing of who belongs together."""
        if self.everything:
            return ""
        named = [f"sites/{name}" for name in sorted(self.sites)] + [f"cameras/{name}" for name in sorted(self.cameras)]
        return ",".join(named)

    def of(self, role: Role) -> Scope:
        """Returns what of the scope a role is for: groups, people, or cameras; never what another role is for."""
        if role is Role.TEACHER:
            return Scope(groups=self.groups)
        if role is Role.GUARDIAN:
            return Scope(people=self.people)
        return Scope(self.cameras, self.sites, self.everything)

    def __or__(self, other: Scope) -> Scope:
        return Scope(
            self.cameras | other.cameras,
            self.sites | other.sites,
            self.everything or other.everything,
            self.groups | other.groups,
            self.people | other.people,
        )


EVERYTHING = Scope(everything=True)
NOTHING = Scope()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, and what it applies to; of the scope only that counts which the role is for."""

    role: Role
    scope: Scope = EVERYTHING


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, as proven by a credential.

    Attributes:
        subject: "local", "keys/ID", "bridges/NAME" or "users/SUBJECT"; no name of a person.
        method: How it was proven.
        grants: Roles with their scopes. Kept apart, since a reader of every site who is also the operator of
            one is not an operator of every site.
        expires_at: When the credential ends by itself, UTC; None: never.
        credential_id: What to revoke or look for in logs: the key's id, the certificate's name, the token's id;
            never the secret.
    """

    subject: str
    method: AuthMethod
    grants: tuple[Grant, ...]
    expires_at: datetime | None = None
    credential_id: str = ""

    @property
    def roles(self) -> frozenset[Role]:
        """Every role the identity has for any camera."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def scope(self) -> Scope:
        """What the identity is authorized for in some role; a method may use only `scope_of` its roles."""
        return self.scope_of(Role)

    def scope_of(self, roles: Iterable[Role]) -> Scope:
        """Returns what the identity is authorized for in one of these roles."""
        wanted: Collection[Role] = frozenset(roles)
        scope = NOTHING
        for grant in self.grants:
            if grant.role in wanted:
                scope = scope | grant.scope.of(grant.role)
        return scope

    def expired(self, now: datetime) -> bool:
        """Whether its credential has expired."""
        return self.expires_at is not None and now >= self.expires_at


LOCAL_ADMIN = Identity("local", AuthMethod.NONE, (Grant(Role.ADMIN),))
"""Any caller of a server without authentication, which listens on loopback only."""
