"""How a channel to the server is made. TLS and credentials belong into ConnectionSettings and the two openers."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import Self

import grpc

from portero_client.backoff import Backoff
from portero_client.errors import InvalidArgument

DEFAULT_SERVER = "127.0.0.1:50051"
SERVER_VARIABLE = "PORTERO_SERVER"
# Two photographs of 5 MiB each travel in one CompareImages request.
MAX_SENT_BYTES = 12 * 1024 * 1024
# A page of 1000 people with every label at its limit.
MAX_RECEIVED_BYTES = 16 * 1024 * 1024
# What may be asked twice without harm: reading, and writing what the server recognizes as the same
# (CreatePerson by its request id, EnrollFace by its photograph). Creating a camera and deleting are
# left out: their second answer would be ALREADY_EXISTS or NOT_FOUND although the first had worked.
SAFE_TO_REPEAT: dict[str, tuple[str, ...]] = {
    "portero.v1.GalleryService": (
        "CreatePerson",
        "GetPerson",
        "ListPeople",
        "UpdatePerson",
        "EnrollFace",
        "ListFaces",
        "SearchByImage",
        "CompareImages",
    ),
    "portero.v1.CameraService": ("GetCamera", "ListCameras", "UpdateCamera", "GetCameraStatus"),
    "portero.v1.SightingService": ("GetSighting", "ListSightings"),
    "portero.v1.RecognitionService": ("RecognizeImage", "ReadText"),
    "grpc.health.v1.Health": ("Check",),
}
_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})")
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Where the server is and how patient its clients are.

    Attributes:
        server: HOST:PORT; plaintext, meant for the loopback interface.
        timeout: Longest time of an ordinary call, retries included, seconds.
        image_timeout: Longest time of a call that carries an image, seconds.
        reconnect: Delays between attempts to resume a watch.

    Raises:
        InvalidArgument: The address is none.
    """

    server: str = DEFAULT_SERVER
    timeout: float = 10.0
    image_timeout: float = 30.0
    reconnect: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        address = _ADDRESS.fullmatch(self.server)
        if address is None or not 1 <= int(address["port"]) <= 65535:
            raise InvalidArgument(
                f"the server's address must be HOST:PORT, as {DEFAULT_SERVER}, not {self.server[:80]!r}",
                field="server",
                reason="MALFORMED_ADDRESS",
            )

    @classmethod
    def from_environment(cls, server: str | None = None) -> Self:
        """Gives the settings for a server, or for PORTERO_SERVER, or for the default address.

        Raises:
            InvalidArgument: The address is none.
        """
        return cls(server=server or os.environ.get(SERVER_VARIABLE) or DEFAULT_SERVER)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        host = self.server.rpartition(":")[0].strip("[]")
        return host in ("localhost", "::1") or host.startswith("127.")


def open_channel(settings: ConnectionSettings) -> grpc.aio.Channel:
    """Makes a channel for the running event loop; it connects when first used."""
    return grpc.aio.insecure_channel(settings.server, options=channel_options(settings))


def open_blocking_channel(settings: ConnectionSettings) -> grpc.Channel:
    """Makes a channel for threads; it connects when first used."""
    return grpc.insecure_channel(settings.server, options=channel_options(settings))


def channel_options(settings: ConnectionSettings) -> list[tuple[str, str | int]]:
    """Gives the options that both kinds of channel share."""
    return [
        ("grpc.max_send_message_length", MAX_SENT_BYTES),
        ("grpc.max_receive_message_length", MAX_RECEIVED_BYTES),
        # Load balancers silently cut what is quiet for some minutes. The server allows pings 20 s apart, also
        # between calls.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        # How long one attempt to connect may take, and how soon after a restart the server is found again.
        ("grpc.min_reconnect_backoff_ms", 4_000),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        # A proxy of the environment has no business between two processes of one machine.
        ("grpc.enable_http_proxy", 0 if settings.is_loopback else 1),
        ("grpc.enable_retries", 1),
        ("grpc.service_config", retry_config()),
    ]


def retry_config() -> str:
    """Gives gRPC's service config: calls that may be repeated are, when the server was not there."""
    return json.dumps(
        {
            "methodConfig": [
                {
                    "name": [
                        {"service": service, "method": method}
                        for service, methods in SAFE_TO_REPEAT.items()
                        for method in methods
                    ],
                    "retryPolicy": {
                        "maxAttempts": _ATTEMPTS,
                        "initialBackoff": "0.1s",
                        "maxBackoff": "1s",
                        "backoffMultiplier": 3,
                        "retryableStatusCodes": ["UNAVAILABLE"],
                    },
                }
            ]
        }
    )
