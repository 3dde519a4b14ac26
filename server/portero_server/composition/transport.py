"""Builds the transport security of the gRPC port, and refuses settings that leave it open by oversight."""

from __future__ import annotations

from pathlib import Path

import structlog

from portero_server.errors import StartupProblem
from portero_server.private_files import Readers, readers_of
from portero_server.rpc.admission import ConnectionLimits
from portero_server.rpc.server import ServerOptions
from portero_server.rpc.tls import Certificates, TlsFiles
from portero_server.settings import Settings
from portero_server.settings.security import is_loopback
from portero_server.telemetry.process_metrics import TlsMetrics

_log = structlog.get_logger(__name__)


def build(settings: Settings, metrics: TlsMetrics) -> ServerOptions:
    """Returns the options of the gRPC server, with its certificates read.

    Raises:
        StartupProblem: The certificates cannot be served, or plaintext would leave this machine.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        _check_plaintext(settings)
        return ServerOptions(
            listen=settings.listen,
            reflection=_reflection(settings),
            limits=settings.call_limits,
            connections=_connections(settings),
        )
    _check_key(settings.tls_key, settings)
    files = TlsFiles(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
    return ServerOptions(
        listen=settings.listen,
        reflection=_reflection(settings),
        limits=settings.call_limits,
        connections=_connections(settings),
        certificates=Certificates(files, metrics),
        bridge_listen=settings.bridge_listen,
    )


def _check_key(key: Path, settings: Settings) -> None:
    """Refuses a key file that everybody may read; warns of one its group may read, as mounted secrets often are."""
    readers = readers_of(key)
    if readers is Readers.OWNER:
        return
    if readers is Readers.EVERYBODY and not settings.tls_key_readable_by_others:
        raise StartupProblem(
            f"PORTERO_TLS_KEY: everybody on this machine may read {key}: run `chmod 600 {key}`, or, where nobody else "
            "reaches it, as in a container of its own, set PORTERO_TLS_KEY_READABLE_BY_OTHERS=true"
        )
    _log.warning("tls_key_readable_by_others", file=str(key), readers=readers.value)


def _reflection(settings: Settings) -> bool:
    return is_loopback(settings.listen) if settings.reflection is None else settings.reflection


def _connections(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        calls=settings.connection_calls,
        idle=settings.connection_idle_timeout,
        handshake=settings.handshake_timeout,
    )


def _check_plaintext(settings: Settings) -> None:
    if not is_loopback(settings.listen) and not settings.plaintext_off_loopback:
        raise StartupProblem(
            f"PORTERO_LISTEN is {settings.listen}, which other machines reach, and there is no certificate: set "
            "PORTERO_TLS_CERTIFICATE and PORTERO_TLS_KEY, or, where something else encrypts the way here, "
            "PORTERO_PLAINTEXT_OFF_LOOPBACK=true"
        )
