"""Asks a camera for pictures: connections, redirects and passwords."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.connection import Answer, Connection, ConnectionLost, Patience, connect
from portero_bridge.sources.http.credentials import UNAUTHORIZED, AskedAuth
from portero_bridge.sources.http.trust import Trust

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
# A connection that nobody used for so long, in seconds, is not trusted to be there still.
_LONGEST_IDLE = 5.0
_HEADERS = {
    "User-Agent": "portero-bridge",
    "Accept": "multipart/x-mixed-replace, image/jpeg, */*",
    "Accept-Encoding": "identity",
    "Connection": "keep-alive",
}
_WORDS = {
    403: "the camera refuses this address to this user (HTTP status 403)",
    404: "the camera has nothing at this address (HTTP status 404)",
    503: "the camera is busy (HTTP status 503): perhaps too many are connected to it",
}


class CameraClient:
    """Requests one address, with at most one connection at a time.

    Credentials and requests go to the host of the address and to no other.

    Args:
        url: The address, without credentials.
        auth: What answers the camera's question for a password.
        trust: Which certificates are good.
        patience: How long to wait.
    """

    def __init__(self, url: httpx2.URL, auth: AskedAuth, trust: Trust, patience: Patience) -> None:
        self._url = url
        self._auth = auth
        self._trust = trust
        self._patience = patience
        self._idle: Connection | None = None
        self._idle_origin = ""
        self.redirected = False
        """Whether the camera sent the last request elsewhere."""

    def close(self) -> None:
        """Ends the connection that is kept for the next request."""
        if self._idle is not None:
            self._idle.close()
            self._idle = None

    @asynccontextmanager
    async def get(self) -> AsyncIterator[Answer]:
        """Requests the address. Yields the answer, whose status is 200.

        Raises:
            SourceFault: The camera cannot be reached, or answers otherwise.
        """
        connection, answer = await self._follow()
        try:
            yield answer
            if answer.may_be_followed:
                self._keep(connection)
                return
        except BaseException:
            connection.close()
            raise
        connection.close()

    async def _follow(self) -> tuple[Connection, Answer]:
        """Requests, and follows redirects on the same host."""
        for _ in range(_MOST_REDIRECTS + 1):
            connection, answer = await self._authenticated(self._url)
            status = answer.head.status
            if status == _OK:
                return connection, answer
            await self._drop(connection, answer)
            if status not in _REDIRECTS or not answer.head.value("location"):
                raise SourceFault(_WORDS.get(status, f"the camera answered with HTTP status {status}"))
            self._url = _target(self._url, answer.head.value("location"))
            self.redirected = True
        raise SourceFault(f"the camera redirects more than {_MOST_REDIRECTS} times")

    async def _authenticated(self, url: httpx2.URL) -> tuple[Connection, Answer]:
        flow = self._auth.flow(httpx2.Request("GET", url, headers=_HEADERS))
        request = next(flow)
        while True:
            connection, answer = await self._exchange(request)
            if answer.head.status == UNAUTHORIZED:
                await self._drop(connection, answer)
            # As bytes: names of cameras and realms are in any script.
            fields = [(name.encode("ascii"), value.encode("latin-1")) for name, value in answer.head.fields]
            response = httpx2.Response(answer.head.status, headers=fields, request=request)
            try:
                request = flow.send(response)
            except StopIteration:
                return connection, answer
            except SourceFault:
                connection.close()
                raise

    async def _exchange(self, request: httpx2.Request) -> tuple[Connection, Answer]:
        idle = self._take_idle(request.url)
        if idle is not None:
            try:
                return idle, await idle.ask(request, self._patience)
            except ConnectionLost:
                # The camera had closed it meanwhile.
                idle.close()
            except BaseException:
                idle.close()
                raise
        connection = await connect(request.url, self._trust, self._patience)
        try:
            return connection, await connection.ask(request, self._patience)
        except BaseException:
            connection.close()
            raise

    def _take_idle(self, url: httpx2.URL) -> Connection | None:
        idle, self._idle = self._idle, None
        if idle is not None and (idle.left_for() > _LONGEST_IDLE or self._idle_origin != _origin(url)):
            idle.close()
            return None
        return idle

    def _keep(self, connection: Connection) -> None:
        connection.leave()
        self._idle, self._idle_origin = connection, _origin(self._url)

    async def _drop(self, connection: Connection, answer: Answer) -> None:
        """Drops an answer, and keeps its connection where that costs nothing."""
        if await answer.ignore(self._patience):
            self._keep(connection)
        else:
            connection.close()


def _origin(url: httpx2.URL) -> str:
    return f"{url.scheme}://{url.host}:{url.port}"


def _target(url: httpx2.URL, location: str) -> httpx2.URL:
    """Returns where a redirect leads.

    Raises:
        SourceFault: To another host, or away from TLS: whoever set the address did not mean that.
    """
    try:
        target = url.join(location).copy_with(userinfo=b"", fragment=None)
    except (httpx2.InvalidURL, ValueError) as error:
        raise SourceFault("the camera redirects to something that is not an address") from error
    if target.scheme not in ("http", "https"):
        raise SourceFault("the camera redirects to something that is not an address")
    if target.host != url.host:
        raise SourceFault(f"the camera redirects to another host, {target.host!r}: set that address if it is meant")
    if url.scheme == "https" and target.scheme == "http":
        raise SourceFault("the camera redirects from https to http: set that address if it is meant")
    return target
