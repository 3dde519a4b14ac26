"""The files of one day while they are written: one a site. Its methods block, and are called on threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.export_days import retained_by
from portero_server.domain.recording.export_range import ExportedSighting
from portero_server.exports.columns import cells_of
from portero_server.exports.files import FileContent, FileFormat, PartitionFile


class DayFiles:
    """Sorts the sightings of a day into files of their sites.

    Attributes:
        day: Which.
        oldest: By each retention, when the sighting ended that it removes first.
    """

    def __init__(self, day: date, folder: Path, format_: FileFormat) -> None:
        self.day = day
        self.oldest: dict[Purpose, datetime] = {}
        self._folder = folder
        self._format = format_
        self._open: dict[str, PartitionFile] = {}

    def add(self, sightings: Iterable[ExportedSighting]) -> None:
        """Writes rows."""
        for each in sightings:
            for kind in retained_by(each):
                seen = each.sighting.last_seen
                self.oldest[kind] = min(seen, self.oldest.get(kind, seen))
            self._file(each.site).add(cells_of(each))

    def finished(self) -> Sequence[tuple[str, Path, FileContent]]:
        """Closes the files. Returns the site, path and content of each."""
        done = []
        for site in sorted(self._open):
            file = self._open[site]
            done.append((site, file.path, file.finish()))
            del self._open[site]
        return done

    def drop(self) -> None:
        """Removes the files that are not finished."""
        while self._open:
            self._open.popitem()[1].drop()

    def _file(self, site: str) -> PartitionFile:
        if site not in self._open:
            name = f"{self.day.isoformat()}-{len(self._open)}.{self._format.value}"
            self._open[site] = PartitionFile(self._folder / name, self._format)
        return self._open[site]
