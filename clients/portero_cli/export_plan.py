"""Decides which partitions of exported sightings are written: days, names, revisions. Pure.

A partition is a site and a day of UTC, by when a sighting began. Sites have no time zone of their own, days of UTC all
have 24 hours, and a partition that depended on a setting would move with it; rows carry their time, so a local day is a
condition on two partitions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any
from urllib.parse import quote

from portero_cli.export_schema import SCHEMA_VERSION

MANIFEST = "_manifest.json"
"""Readers of such folders pass over names that begin with an underscore or a dot."""
_NO_SITE = "__HIVE_DEFAULT_PARTITION__"
"""How Hive, Spark and pyarrow name the partition of null."""
_RESUMABLE = timedelta(days=1)


class ExportFormat(Enum):
    """What sightings are written as."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Selection:
    """What an exported folder holds. Runs with another selection would take what they do not see for gone.

    Attributes:
        format: What sightings are written as.
        site: Only of this site; empty: of all.
        scope: Cameras and sites that the credential was limited to; empty: to none.
    """

    format: ExportFormat
    site: str = ""
    scope: tuple[str, ...] = ()

    def text(self) -> str:
        """Returns the selection as JSON."""
        return _json({"format": self.format.value, "site": self.site, "scope": list(self.scope)})


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a partition that was read.

    Attributes:
        rows: Number of sightings.
        rows_sha256: Digest of the sightings, whatever the format.
        sha256: Digest of the file.
        size: Bytes of the file.
    """

    rows: int
    rows_sha256: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a partition, beside its file.

    Attributes:
        schema_version: Version of the columns.
        file: Name of the file.
        site: The site; empty: cameras of no site, and deleted ones.
        date: The day, UTC.
        revision: 1, and one more each time the partition was written again.
        rows: Number of sightings.
        rows_sha256: Digest of the sightings, whatever the format.
        sha256: Digest of the file.
        size: Bytes of the file.
        written_at: When it was written, RFC 3339.
    """

    schema_version: int
    file: str
    site: str
    date: str
    revision: int
    rows: int
    rows_sha256: str
    sha256: str
    size: int
    written_at: str

    def text(self) -> str:
        """Returns the manifest as JSON."""
        return _json(asdict(self))


@dataclass(frozen=True, slots=True)
class Partition:
    """A site and a day of UTC."""

    site: str
    day: date

    @property
    def folder(self) -> str:
        """Where it is, as Hive lays it out."""
        # Percent-encoded, as Hive does and readers undo.
        return f"site={quote(self.site, safe='') or _NO_SITE}/date={self.day.isoformat()}"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of an export, noted beside it until it is over.

    Attributes:
        since: First day.
        until: Last day.
        begun: When it began, UTC.
        done: Days that were dealt with.
    """

    since: date
    until: date
    begun: datetime
    done: tuple[date, ...] = ()

    def text(self) -> str:
        """Returns the run as JSON."""
        done = [day.isoformat() for day in self.done]
        times = {"since": self.since, "until": self.until, "begun": self.begun}
        return _json({**{name: value.isoformat() for name, value in times.items()}, "done": done})


def file_name(format_: ExportFormat) -> str:
    """Returns the name of a partition's file: always the same, so that it is replaced at once and never twice there."""
    return f"part-00000.{format_.value}"


def bounds(day: date) -> tuple[datetime, datetime]:
    """Returns the times from which, and before which, a sighting of a day began."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def closed_days(since: date, until: date, now: datetime, grace: timedelta) -> Sequence[date]:
    """Returns the days of a period, both included, that are closed: over for `grace`, in which late frames arrive.

    A frame may come later still, from a bridge that was cut off for days: the day's rows then differ from what was
    written, and the next run over it writes a new revision.
    """
    days = ((until - since).days + 1) if until >= since else 0
    return [day for day in (since + timedelta(days=each) for each in range(days)) if bounds(day)[1] + grace <= now]


def next_manifest(
    known: Manifest | None, stored: str, content: Content, partition: Partition, format_: ExportFormat, now: datetime
) -> Manifest | None:
    """Returns the manifest to write with a partition's file, or None: what is stored is the same.

    Args:
        known: Its manifest, if it has one.
        stored: Digest of the file that is stored; empty: there is none.
        content: What was read now.
        partition: Which it is.
        format_: What it is written as.
        now: The present.
    """
    if known is not None:
        as_told = (known.rows_sha256, known.schema_version) == (content.rows_sha256, SCHEMA_VERSION)
        # A run that was killed between the two left a file that its manifest does not tell.
        if as_told and known.sha256 == stored:
            return None
    return Manifest(
        schema_version=SCHEMA_VERSION,
        file=file_name(format_),
        site=partition.site,
        date=partition.day.isoformat(),
        revision=1 if known is None else known.revision + 1,
        rows=content.rows,
        rows_sha256=content.rows_sha256,
        sha256=content.sha256,
        size=content.size,
        written_at=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def manifest_of(text: bytes | None) -> Manifest | None:
    """Returns the manifest of a file's content; None if there is none, or it is damaged."""
    told = _object(text)
    try:
        return Manifest(**{field.name: told[field.name] for field in fields(Manifest)})
    except KeyError:
        return None


def run_of(text: bytes | None, since: date, until: date, now: datetime) -> Run:
    """Returns the run of a period that was noted and not finished, or a new one.

    What an old one has read may have changed since: it is begun anew after a day.
    """
    told, new = _object(text), Run(since, until, now)
    try:
        noted = Run(
            date.fromisoformat(told["since"]),
            date.fromisoformat(told["until"]),
            datetime.fromisoformat(told["begun"]),
            tuple(map(date.fromisoformat, told["done"])),
        )
    except (KeyError, TypeError, ValueError):
        return new
    return noted if (noted.since, noted.until) == (since, until) and now - noted.begun < _RESUMABLE else new


def _object(text: bytes | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
