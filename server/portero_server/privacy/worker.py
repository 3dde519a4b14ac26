"""The background work for privacy: name revocation, erasures and retention."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from portero_server.privacy.erasure import Eraser
from portero_server.privacy.name_revocation import NameRevocation
from portero_server.privacy.retention import Retention


@dataclass(frozen=True, slots=True)
class PrivacyWorker:
    """Runs name revocation, erasures and retention side by side."""

    name_revocation: NameRevocation
    eraser: Eraser
    retention: Retention

    async def run(self) -> None:
        """Runs all three until canceled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.name_revocation.run())
            group.create_task(self.eraser.run())
            group.create_task(self.retention.run())
