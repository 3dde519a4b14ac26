"""The health of a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """The health that a server reports.

    Attributes:
        serving: Whether it takes work; False while it starts, drains or lacks its database.
        version: Its version, or empty when it does not tell.
    """

    serving: bool
    version: str
