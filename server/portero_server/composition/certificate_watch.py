"""Says in the log, again and again, that a certificate does not hold."""

from __future__ import annotations

import asyncio

import structlog

from portero_server.clock import Clock
from portero_server.errors import StartupProblem
from portero_server.rpc.tls import Certificates

_log = structlog.get_logger(__name__)

_INTERVAL = 3600.0
"""Seconds between two looks: often enough to be found in the log of the day, and too seldom to fill it."""


class CertificateWatch:
    """Looks whether the certificates that are served hold today. Without TLS there are none, and nothing to say."""

    def __init__(self, certificates: Certificates | None, clock: Clock) -> None:
        self._certificates = certificates
        self._clock = clock

    def check(self) -> None:
        """Raises an error unless the certificates hold.

        Raises:
            StartupProblem: One has expired, or does not hold yet; names its file and date.
        """
        if faults := self._faults():
            raise StartupProblem(
                f"{'; '.join(faults)}: nobody who checks it will connect; renew it (see PORTERO_TLS_CERTIFICATE and "
                "PORTERO_TLS_CLIENT_CA)"
            )

    async def run(self) -> None:
        """Logs an error for each certificate that does not hold, at once and every hour, until canceled."""
        while True:
            for fault in self._faults():
                _log.error("certificate_does_not_hold", problem=fault)
            await asyncio.sleep(_INTERVAL)

    def _faults(self) -> list[str]:
        return [] if self._certificates is None else self._certificates.faults(self._clock.now())
