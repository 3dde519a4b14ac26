"""Reads all sightings of a period from a thread, page by page, across interruptions of the connection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import grpc

from portero_client.backoff import Backoff
from portero_client.blocking_watch import BlockingWatchCall
from portero_client.errors import PorteroError, Unreachable
from portero_client.sighting_export import ExportedSighting, ExportProgress


class BlockingSightingExport(Iterator[tuple[ExportedSighting, ...]]):
    """Iterates over the sightings of a period in pages: `for page in export`; see SightingExport."""

    def __init__(
        self,
        open_call: Callable[[str], BlockingWatchCall],
        translate: Callable[[grpc.RpcError], PorteroError],
        *,
        cursor: str,
        backoff: Backoff,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._progress = ExportProgress(cursor, backoff)
        self._open_call = open_call
        self._translate = translate
        self._sleep = sleep
        self._draw = draw
        self._call: BlockingWatchCall | None = None

    @property
    def cursor(self) -> str:
        """Where to go on after the pages that were returned; empty before the first and after the last."""
        return self._progress.cursor

    def __next__(self) -> tuple[ExportedSighting, ...]:
        while not self._progress.finished:
            if self._call is None:
                self._call = self._open_call(self._progress.cursor)
            try:
                if page := self._progress.receive(next(self._call)):
                    return page
            except StopIteration:
                self._interrupted(Unreachable("the server ended the export before its last page"))
            except grpc.RpcError as error:
                self._interrupted(self._translate(error))
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Ends the export; iterating again would go on after `cursor`."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _interrupted(self, error: PorteroError) -> None:
        self._call = None
        self._sleep(self._progress.pause(error, self._draw()))
