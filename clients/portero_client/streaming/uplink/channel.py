"""Opens gRPC channels to the server: one connection per session, with the current certificates."""

import os

import grpc

from portero_client.connection import open_channel
from portero_client.errors import InvalidArgument
from portero_client.settings import ConnectionSettings
from portero_client.tls import TlsMaterial

_Stamp = tuple[tuple[int, int, int] | None, ...]


class Channels:
    """Opens the channels of one camera, and detects renewed certificates.

    Files that cannot be used, for example in the middle of a renewal, are ignored: the last valid ones stay in use.

    Args:
        connection: Where the server is, and which files hold the certificates.
    """

    def __init__(self, connection: ConnectionSettings) -> None:
        self._connection = connection
        self._seen: _Stamp = ()
        self._latest: TlsMaterial | None = None
        self._used: TlsMaterial | None = None

    @property
    def may_be_renewed(self) -> bool:
        """Whether there are certificate files that may change."""
        return bool(self._connection.tls_files.paths)

    def open(self) -> grpc.aio.Channel:
        """Returns a channel with a connection of its own; it connects when first used.

        Raises:
            InvalidArgument: The certificates cannot be used, and never could.
        """
        if self._connection.is_encrypted:
            self._look()
            if self._latest is None:
                self._latest = self._connection.tls_files.load()
            self._used = self._latest
        return open_channel(self._connection, self._used, own_connection=True)

    def renewed(self) -> bool:
        """Whether there are valid certificates other than those of the last channel."""
        self._look()
        return self._latest != self._used

    def _look(self) -> None:
        files = self._connection.tls_files
        stamp = tuple(_stamp(os.fspath(path)) for path in files.paths)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._latest = files.load()
        except InvalidArgument:
            # Half of a renewal; the other half changes the stamp again.
            return


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        state = os.stat(path)  # noqa: PTH116 - looked at every few seconds by each camera
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ino, state.st_size
