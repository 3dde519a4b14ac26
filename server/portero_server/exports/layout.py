"""Names and small files of an export, as Hive lays out partitions and `portero export` does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from urllib.parse import quote

from portero_server.domain.recording.export_days import WrittenPartition
from portero_server.exports.columns import SCHEMA_VERSION
from portero_server.exports.files import FileContent, FileFormat

MARKER = "_export.json"
"""What a folder holds; whoever exports something else leaves it alone."""
_NO_SITE = "__HIVE_DEFAULT_PARTITION__"
"""How Hive, Spark and pyarrow name the partition of null."""


def marker_text(format_: FileFormat, sites: Sequence[str], key: str) -> str:
    """Returns what the marker says, JSON.

    Args:
        format_: What sightings are written as.
        sites: Of which alone; empty: of all.
        key: Of the export, known to its database alone; runs of `portero export` have none.
    """
    scope = sorted(f"sites/{site}" for site in sites)
    return _json({"format": format_.value, "scheduled": key, "scope": scope, "site": ""})


def data_name(site: str, day: date, format_: FileFormat) -> str:
    """Returns the name of a partition's file: always the same, so that it is replaced at once and never twice there."""
    return f"{_folder(site, day)}/part-00000.{format_.value}"


def manifest_name(site: str, day: date) -> str:
    """Returns the name of a partition's manifest; readers of such folders pass over it."""
    return f"{_folder(site, day)}/_manifest.json"


def rows_digest(content: FileContent) -> str:
    """Returns what tells the rows of a file from others, and from those of other columns."""
    return f"{SCHEMA_VERSION}-{content.rows_sha256}"


def manifest_text(
    site: str, day: date, format_: FileFormat, content: FileContent, written: WrittenPartition, now: datetime
) -> str:
    """Returns the manifest of a partition, JSON."""
    return _json(
        {
            "schema_version": SCHEMA_VERSION,
            "file": data_name(site, day, format_).rpartition("/")[2],
            "site": site,
            "date": day.isoformat(),
            "revision": written.revision,
            "rows": content.rows,
            "rows_sha256": content.rows_sha256,
            "sha256": content.sha256,
            "size": content.size,
            "written_at": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
    )


def _folder(site: str, day: date) -> str:
    # Percent-encoded, as Hive does and readers undo.
    return f"site={quote(site, safe='') or _NO_SITE}/date={day.isoformat()}"


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
