"""Exports sightings day by day, so that a run that was killed goes on with the day it was at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from portero_cli.export_files import PartWriter
from portero_cli.export_place import ExportPlace
from portero_cli.export_plan import (
    MANIFEST,
    Partition,
    Selection,
    bounds,
    closed_days,
    file_name,
    manifest_of,
    next_manifest,
    run_of,
)
from portero_cli.export_schema import row_of
from portero_client import Caller, InvalidArgument, PorteroClient, Role

_SELECTION, _RUN = "_export.json", "_run.json"
_PAGE = 1000
_EXPORTERS = frozenset({Role.ADMIN, Role.OPERATOR, Role.READER})


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of a run.

    Attributes:
        days: Days that were read.
        resumed_days: Days that an earlier run of the same period, which was cut, had dealt with.
        open_days: Days that were left out, since they are not closed.
        written: Partitions written for the first time.
        revised: Partitions written again, since their sightings changed.
        unchanged: Partitions whose sightings are those that were written.
        rows: Sightings in all of these.
    """

    days: int = 0
    resumed_days: int = 0
    open_days: int = 0
    written: int = 0
    revised: int = 0
    unchanged: int = 0
    rows: int = 0


class ExportRun:
    """One run over a period."""

    def __init__(self, client: PorteroClient, place: ExportPlace, selection: Selection) -> None:
        """Prepares a run; `execute` begins it.

        Args:
            client: Of the server.
            place: Where files are kept.
            selection: What they hold.
        """
        self._client = client
        self._place = place
        self._selection = selection
        self._known: set[str] = set()
        """Names of the files that were there when the run began."""

    async def execute(
        self, since: date, until: date, now: datetime, grace: timedelta, on_day: Callable[[int, int], None]
    ) -> Exported:
        """Writes the closed days of a period whose sightings are not those that are written, and returns the result.

        Args:
            since: First day, UTC.
            until: Last day, UTC.
            now: The present.
            grace: How long a day must be over.
            on_day: Called with the number of days that are done, and of all.

        Raises:
            InvalidArgument: The place cannot be used, or holds an export of something else.
            PorteroError: The server refuses, or does not answer for long.
        """
        await asyncio.to_thread(self._begin)
        run = run_of(await asyncio.to_thread(self._place.read, _RUN), since, until, now)
        days = closed_days(since, until, now, grace)
        pending = [day for day in days if day not in run.done]
        left_out = max((until - since).days + 1, 0) - len(days)
        told = Exported(resumed_days=len(days) - len(pending), open_days=left_out)
        on_day(told.resumed_days, len(days))
        for day in pending:
            told = await self._day(day, told)
            run = replace(run, done=(*run.done, day))
            await asyncio.to_thread(self._place.write, _RUN, run.text())
            on_day(told.days + told.resumed_days, len(days))
        await asyncio.to_thread(self._place.remove, _RUN)
        return told

    def _begin(self) -> None:
        """Notes what the place holds, or compares it with what was noted."""
        wanted = self._selection.text()
        noted = None if self._place.create(_SELECTION, wanted) else self._place.read(_SELECTION)
        if noted is not None and noted != wanted.encode():
            raise InvalidArgument(
                f"the folder holds another export: {' '.join(noted.decode(errors='replace').split())}; name another "
                "folder, or the same format, site and credential's scope",
                field="folder",
                reason="OTHER_EXPORT",
            )
        self._known = set(self._place.names())

    async def _day(self, day: date, told: Exported) -> Exported:
        parts: dict[str, PartWriter] = {}
        since, until = bounds(day)
        # A call a day: the audit trail names each day that left, and a broken call repeats no other.
        async with self._client.export_sightings(
            since=since, until=until, site=self._selection.site, page_size=_PAGE
        ) as export:
            async for page in export:
                for each in page:
                    self._part(parts, each.site).add(row_of(each))
        for site in await asyncio.to_thread(self._emptied, day, parts):
            self._part(parts, site)
        told = replace(told, days=told.days + 1)
        for site, part in sorted(parts.items()):
            told = await asyncio.to_thread(self._finish, Partition(site, day), part, told)
        return told

    def _part(self, parts: dict[str, PartWriter], site: str) -> PartWriter:
        if site not in parts:
            name = f"{len(parts)}.{self._selection.format.value}"
            parts[site] = PartWriter(self._place.work / name, self._selection.format)
        return parts[site]

    def _emptied(self, day: date, parts: dict[str, PartWriter]) -> Sequence[str]:
        """Returns the sites whose sightings of a day were written, and are gone: erased, or of another site now."""
        ending = f"/date={day.isoformat()}/{MANIFEST}"
        names = [name for name in self._known if name.endswith(ending)]
        manifests = [manifest_of(self._place.read(name)) for name in names]
        return [each.site for each in manifests if each is not None and each.site not in parts]

    def _finish(self, partition: Partition, part: PartWriter, told: Exported) -> Exported:
        content, format_, place = part.finish(), self._selection.format, self._place
        name, manifest_name = f"{partition.folder}/{file_name(format_)}", f"{partition.folder}/{MANIFEST}"
        known = manifest_of(place.read(manifest_name)) if manifest_name in self._known else None
        stored = place.sha256(name) if known is not None else ""
        told = replace(told, rows=told.rows + content.rows)
        manifest = next_manifest(known, stored, content, partition, format_, datetime.now(UTC))
        if manifest is None:
            part.file.unlink()
            return replace(told, unchanged=told.unchanged + 1)
        place.keep(name, part.file, content.sha256)
        place.write(manifest_name, manifest.text())
        if known is None:
            return replace(told, written=told.written + 1)
        return replace(told, revised=told.revised + 1)


def scope_of(caller: Caller) -> tuple[str, ...]:
    """Returns the cameras and sites whose sightings a caller may export; nothing: those of all."""
    grants = [grant for grant in caller.grants if grant.role in _EXPORTERS]
    if any(not (grant.cameras or grant.sites) for grant in grants):
        return ()
    names = {name for grant in grants for name in (*grant.cameras, *(f"sites/{site}" for site in grant.sites))}
    return tuple(sorted(names))
