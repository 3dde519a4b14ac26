"""Closing single connections of the server."""

from __future__ import annotations

import fcntl
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero_server.rpc.connections import place_of, shut_down

_HOST = "127.0.0.1"
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this process."""
    with socket.create_server((_HOST, 0)) as server:
        yield server


def _connected(listener: socket.socket) -> Pair:
    client = socket.create_connection(listener.getsockname())
    return client, listener.accept()[0]


@pytest.mark.parametrize(
    ("peer", "place"),
    [
        ("ipv4:192.0.2.7:5000", ("192.0.2.7", 5000)),
        ("ipv6:%5B2001:db8::1%5D:5000", ("2001:db8::1", 5000)),
        ("ipv6:%5B::ffff:192.0.2.7%5D:5000", ("192.0.2.7", 5000)),
        ("unix:/run/portero.sock", None),
        ("", None),
    ],
)
def test_place_of_a_peer(peer: str, place: tuple[str, int] | None) -> None:
    """What gRPC calls a peer names an address and a port, or no TCP connection."""
    assert place_of(peer) == place


def test_only_the_connection_named_is_closed(listener: socket.socket) -> None:
    """One client's connection ends, its neighbor's goes on."""
    bad, bad_end = _connected(listener)
    good, good_end = _connected(listener)
    with bad, bad_end, good, good_end:
        assert shut_down({bad.getsockname()}, {listener.getsockname()[1]}) == 1
        assert bad.recv(1) == b""
        good_end.sendall(b"x")
        assert good.recv(1) == b"x"


def test_connection_that_this_process_opened_is_never_closed(listener: socket.socket) -> None:
    """A peer that calls itself by the place of our database does not end our connection to it."""
    client, end = _connected(listener)
    with client, end:
        # Seen from the client's socket, the place is the listener's: an outgoing connection.
        assert shut_down({listener.getsockname()}, {listener.getsockname()[1]}) == 0
        end.sendall(b"x")
        assert client.recv(1) == b"x"


def test_connection_that_is_gone_is_no_error() -> None:
    """Looking for what is closed already finds nothing."""
    assert shut_down({(_HOST, 1)}, {2}) == 0


def test_locks_on_files_outlive_the_closing_of_connections(listener: socket.socket, tmp_path: Path) -> None:
    """After connections were closed, other processes still find the locks by which SQLite guards its files."""
    file = tmp_path / "portero.db-shm"
    client, end = _connected(listener)
    with client, end, file.open("w+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        assert shut_down({client.getsockname()}, {listener.getsockname()[1]}) == 1
        assert _others_may_lock(file) == "no"


def _others_may_lock(file: Path) -> str:
    """Returns whether a process of its own gets the lock on a file: "yes" or "no"."""
    program = (
        "import fcntl, sys\n"
        "with open(sys.argv[1], 'r+b') as file:\n"
        "    try:\n"
        "        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "    except OSError:\n"
        "        print('no')\n"
        "    else:\n"
        "        print('yes')\n"
    )
    answer = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, check=True)
    return answer.stdout.strip()
