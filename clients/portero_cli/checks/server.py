"""Checks whether the server answers, whether it is healthy, and what it lets this caller do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero_cli.checks.finding import Finding
from portero_cli.screen.tables import local_time
from portero_client import (
    Caller,
    ConnectionSettings,
    Grant,
    PorteroClient,
    PorteroError,
    Unauthenticated,
    Unimplemented,
)
from portero_client.names import CAMERAS

_SOON = timedelta(days=14)
"""How long before its end a credential is worth a word: as long as the alert for certificates."""


async def check_caller(connection: ConnectionSettings) -> Finding:
    """Makes a call that needs a credential, and says whose it is, which roles it has, and until when."""
    check = "credential"
    try:
        async with PorteroClient(connection) as client:
            caller = await client.keys.caller()
    except Unimplemented:
        return Finding(check, True, True, "the server is of an earlier version and does not say who calls")
    except Unauthenticated as error:
        remedy = (
            "get a key from an admin (`portero keys create`), and name its file with PORTERO_TOKEN_FILE, or a "
            "certificate with PORTERO_CLIENT_CERTIFICATE and PORTERO_CLIENT_KEY"
        )
        return Finding(check, False, True, error.message, remedy)
    except PorteroError as error:
        return Finding(check, False, True, error.message, "see the server's log")
    return _of_caller(check, caller, datetime.now(UTC))


def _of_caller(check: str, caller: Caller, now: datetime) -> Finding:
    who = "none is required: everybody here is an admin" if caller.subject == "local" else caller.subject
    roles = "; ".join(_grant(grant) for grant in caller.grants) or "no role that this client knows"
    if caller.expire_time is None:
        return Finding(check, True, True, f"{who}: {roles}" if caller.subject != "local" else who)
    remedy = "renew it before it ends" if caller.expire_time - now < _SOON else ""
    return Finding(check, True, True, f"{who}: {roles}; until {local_time(caller.expire_time)}", remedy)


def _grant(grant: Grant) -> str:
    places = [*map(CAMERAS.identifier, grant.cameras), *(f"sites/{site}" for site in grant.sites)]
    places += [*grant.groups, *grant.people]
    return f"{grant.role.value} for {', '.join(places)}" if places else grant.role.value


async def check_server(connection: ConnectionSettings, own_version: str) -> Finding:
    """Asks the server for its health and version."""
    check = f"server {connection.server}"
    try:
        async with PorteroClient(connection) as client:
            health = await client.check_health()
    except PorteroError as error:
        remedy = "start it with `portero-server serve`, or name another with --server or PORTERO_SERVER"
        return Finding(check, False, True, error.message, remedy)
    version = f"version {health.version}" if health.version else "version unknown"
    if not health.serving:
        return Finding(check, False, True, f"answers, but is not ready; {version}", "look at its log and its database")
    differs = f"; this client is {own_version}" if health.version not in ("", own_version) else ""
    return Finding(check, True, True, f"serving; {version}{differs}")
