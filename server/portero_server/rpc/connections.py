"""Closes individual connections of the gRPC server, which gRPC has no function for."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from portero_server.rpc.auth.caller import peer_address

_DESCRIPTORS = next((path for path in (Path("/proc/self/fd"), Path("/dev/fd")) if path.is_dir()), None)

Place = tuple[str, int]
"""An IP address in its shortest form, and a port."""


def place_of(peer: str) -> Place | None:
    """Returns the origin of a connection, parsed from gRPC's peer string; None if it is not a TCP connection."""
    port = unquote(peer).rpartition(":")[2]
    address = peer_address(peer)
    if address in ("local", "unknown") or not port.isdecimal():
        return None
    return address, int(port)


def shut_down(places: Collection[Place], ports: Collection[int]) -> int:
    """Shuts down the TCP connections from these origins to these ports of this process.

    gRPC then sees the connection end and cancels its calls, as if the client had gone. The descriptor is duplicated
    before it is examined, so that the connection shut down is the one examined even if gRPC closes its own descriptor
    meanwhile. Only connections accepted on our own ports are affected, never outgoing ones.

    Returns:
        How many were found.
    """
    found = 0
    for connection in _sockets():
        with connection, suppress(OSError):
            peer, own = connection.getpeername(), connection.getsockname()
            if own[1] in ports and _place(peer) in places:
                connection.shutdown(socket.SHUT_RDWR)
                found += 1
    return found


def _sockets() -> Iterator[socket.socket]:
    """Yields a duplicate of every internet socket of this process.

    No file is ever duplicated and closed: closing any descriptor of a file releases all POSIX locks that this process
    holds on it, and with such locks SQLite keeps other processes from truncating the memory it has mapped.
    """
    for descriptor in list(_DESCRIPTORS.iterdir()) if _DESCRIPTORS else ():
        with suppress(OSError, ValueError):
            number = int(descriptor.name)
            if not _is_socket(number):
                continue
            double = os.dup(number)
            if not _is_socket(double):
                # A file was opened under this number a moment ago: one descriptor leaked is better than its locks lost.
                continue
            try:
                connection = socket.socket(fileno=double)
            except OSError:
                os.close(double)
                continue
            if connection.family in (socket.AF_INET, socket.AF_INET6):
                yield connection
            else:
                connection.close()


def _is_socket(descriptor: int) -> bool:
    return stat.S_ISSOCK(os.fstat(descriptor).st_mode)


def _place(name: tuple[str, int]) -> Place:
    host, port = name[:2]
    return peer_address(f"ipv6:[{host.partition('%')[0]}]:{port}" if ":" in host else f"ipv4:{host}:{port}"), port
