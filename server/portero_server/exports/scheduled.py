"""Writes each day of sightings once it is closed, and again when it has changed; one server of a database at a time.

A server that is killed leaves whole files and a claim that ends by itself. Whoever goes on reads the day again that was
under way; what was written of it is replaced under the same names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

from portero_server.clock import Clock
from portero_server.domain.audit.chain import SERVER, AuditOutcome, Deed
from portero_server.domain.recording.export_days import (
    ExportDay,
    ExportRules,
    WrittenPartition,
    bounds,
    days_due,
    written_until,
)
from portero_server.domain.recording.export_range import ExportCursor, ExportedSighting, ExportRange
from portero_server.errors import PorteroError, StartupProblem
from portero_server.exports.day_files import DayFiles
from portero_server.exports.files import FileContent, FileFormat
from portero_server.exports.layout import MARKER, data_name, manifest_name, manifest_text, marker_text, rows_digest
from portero_server.exports.place import ExportPlace
from portero_server.store.event_relays import RelayState
from portero_server.vault.place import VaultUnavailable

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

LEASE = 120.0
"""Seconds for which one server alone writes; when it dies, another one goes on after them."""
_RENEWED_AFTER = 30.0
_PAGE = 1000
_PAUSE = 0.02
"""Seconds between two pages, during which frames and commits have the server to themselves."""

ReadSightings = Callable[
    [ExportRange, int, ExportCursor | None, frozenset[str] | None], Awaitable[Sequence[ExportedSighting]]
]
"""Returns at most so many sightings after a place, oldest first (`store/sighting_exports.py`)."""


class ExportDays(Protocol):
    """Stores which days were written (`store/export_days.py`)."""

    async def marker_key(self) -> str | None:
        """Returns what tells this export from others; None: it never ran."""
        ...

    async def last_position(self) -> int:
        """Returns the position of the last event."""
        ...

    async def days(self) -> Mapping[date, ExportDay]:
        """Returns the days that were noted, without their partitions."""
        ...

    async def begin(self, day: date) -> ExportDay:
        """Notes a day before its sightings are read."""
        ...

    async def finish(self, day: ExportDay) -> None:
        """Stores what the files of a day show."""
        ...

    async def follow(self, position: int, known: Mapping[date, ExportDay]) -> int:
        """Notes which days the next events have changed; returns the position of the last one."""
        ...


class ExportClaim(Protocol):
    """Stores who writes, and how far events were followed (`store/event_relays.py`)."""

    async def state(self, start: int) -> RelayState:
        """Returns the state; a new one begins after a position."""
        ...

    async def claim(self, now: datetime, lease: float) -> bool:
        """Claims the writing. Returns False while another server holds the claim."""
        ...

    async def release(self) -> None:
        """Lets another server write at once."""
        ...

    async def advance(self, since: RelayState, position: int) -> None:
        """Stores that events were followed up to a position."""
        ...


class ScheduleObserver(Protocol):
    """Is told what the scheduled export does, for metrics."""

    def export_stands(self, due: int, until: datetime | None) -> None:
        """Sets how many days are to be written, and up to when all are."""
        ...

    def partition_exported(self, outcome: str, rows: int) -> None:
        """Counts a partition: written, revised, unchanged or removed."""
        ...

    def export_failed(self) -> None:
        """Counts a round that ended with an error."""
        ...


@dataclass(frozen=True, slots=True)
class ExportSelection:
    """What is exported.

    Attributes:
        format: What sightings are written as.
        sites: Of cameras of these sites; empty: of all cameras.
    """

    format: FileFormat
    sites: tuple[str, ...] = ()


class ScheduledExport:
    """Writes days to a place; `run` looks for those that are due."""

    def __init__(
        self,
        days: ExportDays,
        claim: ExportClaim,
        read: ReadSightings,
        place: ExportPlace,
        selection: ExportSelection,
        rules: ExportRules,
        record: Callable[[Deed], Awaitable[None]],
        clock: Clock,
        observer: ScheduleObserver,
        *,
        interval: float,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Creates the task.

        Args:
            days: Which days were written.
            claim: Which server writes, and how far events were followed.
            read: Reads sightings.
            place: Keeps the files.
            selection: What is exported.
            rules: When days are written.
            record: Writes an entry of the audit trail, before a day's files leave the server.
            clock: The server's clock.
            observer: Is told what was written.
            interval: Seconds between two rounds.
            sleep: Waits.
        """
        self._days = days
        self._claim = claim
        self._read = read
        self._place = place
        self._selection = selection
        self._rules = rules
        self._record = record
        self._clock = clock
        self._observer = observer
        self._interval = interval
        self._sleep = sleep
        self._claimed_at: float | None = None

    async def check(self) -> None:
        """Raises StartupProblem if the place must not be used, or holds another export; writes nothing."""
        await _on_thread(self._place.check)
        try:
            await self._holds_ours(await self._days.marker_key())
        except VaultUnavailable as error:
            _log.warning("export_not_checked", reason=error.reason, advice=error.message)

    async def run(self) -> None:
        """Writes what is due periodically until canceled."""
        while True:
            try:
                await self.round()
            except PorteroError as error:
                self._observer.export_failed()
                _log.warning("export_late", reason=error.reason, problem=error.message)
            except Exception as error:  # noqa: BLE001 - a fault here must not end the streams of the server
                self._observer.export_failed()
                _log.error("export_failed", fault=type(error).__name__)
            await self._sleep(self._interval)

    async def round(self) -> None:
        """Writes the days that are due now, unless another server does.

        Raises:
            StoreUnavailable, VaultUnavailable: One of them does not answer; called again, it goes on.
            StartupProblem: The place holds another export.
        """
        state = await self._claim.state(await self._days.last_position())
        if not await self._holds():
            await self._stand()
            return
        try:
            await self._follow(state)
            if due := await self._stand():
                await self._write(due)
        finally:
            self._claimed_at = None
            await self._claim.release()
        await self._stand()

    async def _stand(self) -> Sequence[date]:
        """Returns the days that are due, and tells how many there are."""
        known, now = await self._days.days(), self._clock.now()
        due = days_due(known, self._rules, now)
        self._observer.export_stands(len(due), written_until(known, self._rules, now))
        return due

    async def _follow(self, state: RelayState) -> None:
        position, known = state.position, await self._days.days()
        while (last := await self._days.follow(position, known)) > position and await self._holds():
            # Noted first, then passed: a server that is killed in between notes the same days once more.
            await self._claim.advance(RelayState(position, stopped=False, rewinds=state.rewinds), last)
            position = last

    async def _write(self, due: Sequence[date]) -> None:
        folder = await _on_thread(self._place.begin)
        try:
            if not await self._holds_ours(key := await self._days.marker_key()):
                await self._never_written()
                text = marker_text(self._selection.format, self._selection.sites, key or "")
                await _on_thread(lambda: self._place.write(MARKER, text))
            for day in due:
                if not (await self._holds() and await self._day(day, folder)):
                    return
        finally:
            await _on_thread(self._place.end)

    async def _never_written(self) -> None:
        """Raises VaultUnavailable if files were written before, so that their place is away or was emptied."""
        if any(each.read_at is not None for each in (await self._days.days()).values()):
            raise VaultUnavailable(
                f"PORTERO_EXPORT has lost its marker {MARKER}: mount the folder again, or put back the marker with its "
                "files; for an empty place, name another folder or prefix",
                reason="EXPORT_LOST",
            )

    async def _day(self, day: date, folder: Path) -> bool:
        """Writes the files of a day that differ from those that were written. Returns whether this server still may."""
        noted, read_at = await self._days.begin(day), self._clock.now()
        files = DayFiles(day, folder, self._selection.format)
        try:
            for site in self._selection.sites or (None,):
                if not await self._read_site(files, site):
                    return False
            found = await _on_thread(files.finished)
        finally:
            await _on_thread(files.drop)
        changed = [each for each in found if not _shows(noted.partitions.get(each[0]), each[2])]
        gone = sorted(noted.partitions.keys() - {site for site, _, _ in found})
        if changed or gone:
            await self._record(Deed(SERVER, "sightings.export", f"days/{day.isoformat()}", AuditOutcome.ASKED))
        partitions = dict(noted.partitions)
        for site, path, content in found:
            if not await self._holds():
                return False
            partitions[site] = await self._keep(day, site, path, content, noted.partitions.get(site))
        for site in gone:
            for name in (manifest_name(site, day), data_name(site, day, self._selection.format)):
                await _on_thread(partial(self._place.remove, name))
            del partitions[site]
            self._observer.partition_exported("removed", 0)
        await self._days.finish(replace(noted, partitions=partitions, read_at=read_at, oldest=files.oldest))
        return True

    async def _read_site(self, files: DayFiles, site: str | None) -> bool:
        start, end = bounds(files.day)
        which, after = ExportRange(start, end, site=site), None
        while page := await self._read(which, _PAGE, after, None):
            await _on_thread(partial(files.add, page))
            if len(page) < _PAGE:
                break
            after = page[-1].cursor
            if not await self._holds():
                return False
            await self._sleep(_PAUSE)
        return True

    async def _keep(
        self, day: date, site: str, path: Path, content: FileContent, known: WrittenPartition | None
    ) -> WrittenPartition:
        if known is not None and _shows(known, content):
            await _on_thread(path.unlink)
            self._observer.partition_exported("unchanged", content.rows)
            return known
        written = WrittenPartition(1 if known is None else known.revision + 1, content.rows, rows_digest(content))
        format_ = self._selection.format
        text = manifest_text(site, day, format_, content, written, self._clock.now())
        await _on_thread(lambda: self._place.keep(data_name(site, day, format_), path))
        await _on_thread(lambda: self._place.write(manifest_name(site, day), text))
        self._observer.partition_exported("written" if known is None else "revised", content.rows)
        return written

    async def _holds(self) -> bool:
        """Claims the writing, or claims it for longer. Returns False if another server holds the claim."""
        now = self._clock.monotonic()
        if self._claimed_at is not None and now - self._claimed_at < _RENEWED_AFTER:
            return True
        held = await self._claim.claim(self._clock.now(), LEASE)
        self._claimed_at = now if held else None
        return held

    async def _holds_ours(self, key: str | None) -> bool:
        """Returns whether the place has the marker of this export; raises StartupProblem if it has another one."""
        found = await _on_thread(lambda: self._place.read(MARKER))
        if found is None:
            return False
        if key is None or found.decode(errors="replace") != marker_text(
            self._selection.format, self._selection.sites, key
        ):
            told = " ".join(found.decode(errors="replace").split())
            raise StartupProblem(f"PORTERO_EXPORT holds another export: {told}; name an empty folder or prefix")
        return True


async def _on_thread(call: Callable[[], _T]) -> _T:
    """Returns what a call returns that waits for a disk or a bucket.

    Raises:
        VaultUnavailable: It cannot be used, or is full.
    """
    try:
        return await asyncio.to_thread(call)
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise VaultUnavailable(f"exported files cannot be written: {problem}", reason="EXPORT_UNWRITABLE") from None


def _shows(known: WrittenPartition | None, content: FileContent) -> bool:
    return known is not None and known.rows_sha256 == rows_digest(content)
