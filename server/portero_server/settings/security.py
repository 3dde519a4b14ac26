"""Settings of transport security and of the audit trail's anchors."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from portero_server.settings.types import Address, Seconds


class SecuritySettings(BaseSettings):
    """TLS: which certificates are served and accepted, where plaintext is allowed; and anchors of the audit trail."""

    tls_certificate: Path | None = Field(
        None,
        description="PEM file of the server's certificate, followed by its intermediates; set with PORTERO_TLS_KEY, "
        "gRPC is served with TLS 1.2 or later. A renewed file is taken up without a restart.",
    )
    tls_key: Path | None = Field(None, description="PEM file of the certificate's private key, not encrypted.")
    tls_key_readable_by_others: bool = Field(
        False,
        description="Whether a key that everybody on the machine may read is served all the same; only where nobody "
        "else reaches the file, as in a container of its own.",
    )
    tls_client_ca: Path | None = Field(
        None,
        description="PEM file of the authorities whose client certificates (those of bridges) are accepted. The port "
        "of PORTERO_BRIDGE_LISTEN then requires one, or, without such a port, that of PORTERO_LISTEN.",
    )
    bridge_listen: Address | None = Field(
        None,
        description="Address of a second gRPC port, on which a client certificate of PORTERO_TLS_CLIENT_CA is "
        "required, so that PORTERO_LISTEN takes callers without one.",
    )
    plaintext_off_loopback: bool = Field(
        False,
        description="Whether gRPC may be served without TLS on an address that other machines reach; only where "
        "something else encrypts the way there, as a load balancer in a private network.",
    )

    audit_anchor_bucket: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="S3 bucket with Object Lock in which the end of the audit trail is anchored, so that nobody can "
        "forge what came before; unset: not anchored.",
    )
    audit_anchor_prefix: str = Field("audit/", max_length=256, description="What the keys of anchors begin with.")
    audit_anchor_region: str | None = Field(
        None, description="AWS region of that bucket; unset: that of the AWS profile or environment."
    )
    audit_anchor_interval: Seconds = Field(3600.0, description="Time between two anchors, seconds.")
    audit_anchor_days: int = Field(
        400, ge=1, le=36_500, description="For so many days nobody can remove an anchor, AWS's root user included."
    )

    @model_validator(mode="after")
    def _tls_is_whole(self) -> SecuritySettings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("PORTERO_TLS_CERTIFICATE and PORTERO_TLS_KEY must be set together")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("PORTERO_TLS_CLIENT_CA needs PORTERO_TLS_CERTIFICATE and PORTERO_TLS_KEY")
        if self.bridge_listen is not None and self.tls_client_ca is None:
            raise ValueError("PORTERO_BRIDGE_LISTEN needs PORTERO_TLS_CLIENT_CA")
        return self


def is_loopback(address: str) -> bool:
    """Returns whether HOST:PORT is reachable only from this machine; a name other than localhost may be anywhere."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
