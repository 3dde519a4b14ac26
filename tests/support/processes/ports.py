"""Ports for programs that cannot tell which one they took, or take the same one again."""

from __future__ import annotations

import contextlib
import random
import socket


def free_port() -> int:
    """Returns a port of 127.0.0.1 that is free.

    It lies below the range that the system takes for outgoing connections: before its owner binds it, or while that is
    down, one of those could sit on it.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
