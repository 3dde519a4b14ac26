"""Checks whether the server can keep snapshots, where it is to."""

from __future__ import annotations

from portero_cli.checks.finding import Finding
from portero_client import (
    ConnectionSettings,
    PermissionDenied,
    PorteroClient,
    PorteroError,
    Unauthenticated,
    Unimplemented,
)
from portero_client.snapshots import SnapshotCheck

_CHECK = "snapshots"


async def check_snapshots(connection: ConnectionSettings) -> Finding | None:
    """Asks the server to write a file where snapshots are kept; None: it keeps none, or does not know them."""
    try:
        async with PorteroClient(connection) as client:
            return _of(await client.snapshots.check())
    except (PermissionDenied, Unauthenticated):
        return Finding(_CHECK, True, False, "not checked: only operators and admins may")
    except Unimplemented:
        return None
    except PorteroError as error:
        return Finding(_CHECK, False, False, error.message)


def _of(found: SnapshotCheck) -> Finding | None:
    if not found.enabled:
        return None
    if found.writable:
        return Finding(_CHECK, True, False, "can be kept")
    remedy = "see PORTERO_SNAPSHOTS, and what this server may do there; sightings are stored without them"
    return Finding(_CHECK, False, False, found.problem, remedy)
