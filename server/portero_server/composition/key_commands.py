"""The command `portero-server keys`, which uses the database directly: for the first key, or if all keys are lost."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta

from portero_server.access.key_service import ApiKeyService, KeyRequest
from portero_server.clock import SystemClock
from portero_server.composition.store import opened_database
from portero_server.domain.access.identities import Role
from portero_server.domain.access.keys import ApiKey
from portero_server.domain.audit.chain import CONSOLE, AuditOutcome, Deed
from portero_server.errors import InvalidInput, NotFound, StartupProblem
from portero_server.settings import Settings
from portero_server.store.audit import AuditStore
from portero_server.store.keys import KeyStore
from portero_server.store.migrations import check_revision
from portero_server.telemetry.logs import configure_logs

_CREATOR = "console"
_MOST = 1000


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """One command, as typed on the command line.

    Attributes:
        action: "create", "list" or "revoke".
        name: The display name of a new key, or the id of the one to revoke.
        roles, cameras, sites, groups, people: Of a new key.
        days: After which it expires; None: never.
    """

    action: str
    name: str = ""
    roles: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    days: float | None = None
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    async def __call__(self, settings: Settings) -> None:
        """Executes the command and prints the result.

        Raises:
            StartupProblem: The database cannot be used, or what was typed cannot be done.
        """
        configure_logs(settings.log_format, "warning", settings.log_lines)
        clock = SystemClock()
        # A key in a database that nobody serves would be no key: nothing is made here, and no tables are changed.
        async with opened_database(settings, None, create=False) as database:
            await check_revision(database)
            try:
                await self._act(ApiKeyService(KeyStore(database), clock), AuditStore(database), clock)
            except (InvalidInput, NotFound) as problem:
                raise StartupProblem(problem.message) from None

    async def _act(self, key_service: ApiKeyService, trail: AuditStore, clock: SystemClock) -> None:
        if self.action == "list":
            for key in await key_service.list(_MOST):
                sys.stdout.write(f"{_line(key)}\n")
        elif self.action == "revoke":
            key_id = self.name.removeprefix("keys/")
            await trail.append([Deed(CONSOLE, "keys.revoke", f"keys/{key_id}")], clock.now())
            key = await key_service.revoke(key_id)
            sys.stdout.write(f"keys/{key.key_id} is revoked; servers refuse it within 15 seconds\n")
        else:
            expires_at = None if self.days is None else clock.now() + timedelta(days=self.days)
            roles = frozenset(Role(role) for role in self.roles)
            await trail.append([Deed(CONSOLE, "keys.create")], clock.now())
            key, text = await key_service.create(
                KeyRequest(self.name, roles, self.cameras, self.sites, expires_at, self.groups, self.people), _CREATOR
            )
            made = Deed(CONSOLE, "keys.create", f"keys/{key.key_id}", AuditOutcome.DONE)
            await trail.append([made], clock.now())
            sys.stderr.write(f"{_line(key)}\nThe key, shown this once:\n")
            # The key alone on stdout, so that a script can read it without parsing text.
            sys.stdout.write(f"{text}\n")


def _line(key: ApiKey) -> str:
    state = "revoked" if key.revoked_at else f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "no end"
    scope = key.scope
    places = sorted(scope.cameras) + sorted(f"sites/{site}" for site in scope.sites)
    places += sorted(f"attendanceGroups/{group}" for group in scope.groups)
    places += sorted(f"people/{person}" for person in scope.people)
    if scope.everything:
        places.insert(0, "all cameras")
    roles = " ".join(sorted(role.value for role in key.roles))
    return f"keys/{key.key_id}  {roles}  {' '.join(places)}  {state}  {key.display_name}"
