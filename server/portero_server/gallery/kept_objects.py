"""Objects in a folder or bucket, each of which has a row: written before it, and removed after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from portero_server.vault.place import PhotoPlace, VaultUnavailable

_T = TypeVar("_T")
_THREADS = 4
_BATCH = 100


class ObjectRows(Protocol):
    """Says which objects there are (`store/photos.py`, `store/snapshots.py`)."""

    async def known(self, names: Collection[str], /) -> frozenset[str]:
        """Returns those of these objects of which there is a row."""
        ...

    async def forget(self, names: Collection[str], /) -> None:
        """Removes rows whose objects are deleted."""
        ...


class KeptObjects:
    """Asks a place on threads of its own; every failure is counted, and raised as VaultUnavailable."""

    def __init__(
        self,
        rows: ObjectRows,
        place: PhotoPlace,
        failed: Callable[[str], None],
        deleted: Callable[[int], None],
        name: str,
    ) -> None:
        """Creates it.

        Args:
            rows: Which objects there are.
            place: Keeps them.
            failed: Is told of an operation that was not carried out: put, get, delete or list.
            deleted: Is told how many were deleted.
            name: Of the threads.
        """
        self._rows = rows
        self._place = place
        self._failed = failed
        self._deleted = deleted
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=name)

    async def put(self, name: str, content: bytes) -> None:
        """Keeps an object."""
        await self.ask("put", lambda: self._place.put(name, content))

    async def get(self, name: str) -> bytes | None:
        """Returns an object; None: there is none."""
        return await self.ask("get", lambda: self._place.get(name))

    async def delete(self, names: Sequence[str]) -> None:
        """Deletes objects, and then their rows, if there are any. Raises StoreUnavailable, too."""
        for each in names:
            await self.ask("delete", lambda name=each: self._place.delete(name))  # type: ignore[misc]
        if names:
            await self._rows.forget(names)
        self._deleted(len(names))

    async def unknown(self) -> Sequence[str]:
        """Returns the objects of which there is no row, as after a restore of an older backup."""
        # Names first: a row is written before its object, so what is listed and has no row now has none any more.
        names = await self.ask("list", lambda: list(self._place.names()))
        found: list[str] = []
        for begin in range(0, len(names), _BATCH):
            chunk = names[begin : begin + _BATCH]
            known = await self._rows.known(chunk)
            found += [name for name in chunk if name not in known]
        return found

    async def ask(self, operation: str, call: Callable[[], _T]) -> _T:
        """Returns what a call to the place returns."""
        try:
            return await self.on_thread(call)
        except VaultUnavailable:
            self._failed(operation)
            raise

    async def on_thread(self, call: Callable[[], _T]) -> _T:
        """Returns what a call returns that takes long."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def close(self) -> None:
        """Ends the threads; what has not begun is not done."""
        self._threads.shutdown(wait=False, cancel_futures=True)
