"""Checks whether the server answers, and whether it is healthy."""

from __future__ import annotations

from portero_cli.checks.finding import Finding
from portero_client import ConnectionSettings, PorteroClient, PorteroError


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
