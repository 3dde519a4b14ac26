"""Looks up the addresses of cameras' names, each in a thread of its own.

The event loop's own threads are few and shared with the encoding of pictures: names that cannot be looked up would keep
them for many seconds, and with them the cameras that are well.
"""

import asyncio
import ipaddress
import socket
import threading


class Lookup:
    """Looks names up; further requests for a name under way wait for the same answer."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Returns a host's IP addresses, in the system's order of preference.

        Raises:
            OSError: It has none.
        """
        try:
            return [str(ipaddress.ip_address(host.partition("%")[0])) and host]
        except ValueError:
            loop = asyncio.get_running_loop()
        key = (loop, host)
        if key not in self._under_way:
            future: asyncio.Future[list[str]] = loop.create_future()
            future.add_done_callback(lambda done: self._forget(key, done))
            self._under_way[key] = future
            threading.Thread(target=_look_up, args=(host, loop, future), name="lookup", daemon=True).start()
        return await asyncio.shield(self._under_way[key])

    def _forget(self, key: tuple[asyncio.AbstractEventLoop, str], done: asyncio.Future[list[str]]) -> None:
        self._under_way.pop(key, None)
        if not done.cancelled():
            # Nobody may wait any more.
            done.exception()


def _look_up(host: str, loop: asyncio.AbstractEventLoop, future: asyncio.Future[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        outcome: list[str] | OSError = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    except OSError as error:
        outcome = error
    except UnicodeError:
        outcome = OSError("no such host")

    def tell() -> None:
        if future.done():
            return
        if isinstance(outcome, OSError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    try:
        loop.call_soon_threadsafe(tell)
    except RuntimeError:
        # The loop was closed meanwhile: nobody waits.
        return
