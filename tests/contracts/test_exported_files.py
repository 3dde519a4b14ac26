"""What the server writes by schedule and what `portero export` writes are the same, byte by byte."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from portero_cli import export_plan, export_schema
from portero_cli.export_files import PartWriter
from portero_client import Box as ClientBox
from portero_client import ExportedSighting as ClientExported
from portero_client import Sighting as ClientSighting
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.export_days import WrittenPartition
from portero_server.domain.recording.export_range import ExportedSighting
from portero_server.domain.recording.sightings import Sighting
from portero_server.exports import columns, layout
from portero_server.exports.files import FileContent, FileFormat, PartitionFile
from tests.support.store.commits import at

_SEEN = Sighting(
    "s1", "door", "ana", '=Ana "A" Núñez,\nMaría', at(0.000001), at(5), 0.9, 0.25, 2, Box(0.1, 0.2, 0.3, 0.4)
)
_STRANGER = replace(_SEEN, sighting_id="s2", person_id=None, display_name="", similarity=0.0, visitor_id="v1", visit=3)
DAY, NOW = date(2026, 3, 2), datetime(2026, 3, 3, 6, tzinfo=UTC)


def _told(sighting: Sighting) -> ClientExported:
    """Returns a sighting as the client has it."""
    box = sighting.box
    return ClientExported(
        ClientSighting(
            name=f"sightings/{sighting.sighting_id}",
            camera=f"cameras/{sighting.camera_id}",
            person=f"people/{sighting.person_id}" if sighting.person_id else "",
            display_name=sighting.display_name,
            first_seen_time=sighting.first_seen,
            last_seen_time=sighting.last_seen,
            similarity=sighting.similarity,
            margin=sighting.margin,
            track_count=sighting.track_count,
            box=ClientBox(box.left, box.top, box.width, box.height),
            visitor=f"visitors/{sighting.visitor_id}" if sighting.visitor_id else "",
            visit=sighting.visit,
        ),
        "lobby",
    )


def _both(folder: Path, format_: FileFormat) -> tuple[FileContent, export_plan.Content, bytes, bytes]:
    ours, theirs = folder / f"ours.{format_.value}", folder / f"theirs.{format_.value}"
    file, part = PartitionFile(ours, format_), PartWriter(theirs, export_plan.ExportFormat(format_.value))
    for each in (_SEEN, _STRANGER):
        file.add(columns.cells_of(ExportedSighting(each, "lobby")))
        part.add(export_schema.row_of(_told(each)))
    content, told = file.finish(), part.finish()
    return content, told, ours.read_bytes(), theirs.read_bytes()


def test_both_have_the_same_formats_and_columns() -> None:
    """A format, a column or a version that one gets, the other gets too."""
    assert [each.value for each in FileFormat] == [each.value for each in export_plan.ExportFormat]
    assert columns.SCHEMA_VERSION == export_schema.SCHEMA_VERSION
    assert list(columns.CELLS) == [column.name for column in export_schema.COLUMNS]
    assert [each.name for each in columns.CELLS.values()] == [each.type.name for each in export_schema.COLUMNS]
    assert {column.name for column in export_schema.COLUMNS if column.null} == columns.NULLABLE


@pytest.mark.parametrize("format_", FileFormat)
def test_both_write_the_same_bytes(tmp_path: Path, format_: FileFormat) -> None:
    """Also names that a spreadsheet would run, line breaks, and strangers; digests and sizes agree."""
    content, told, ours, theirs = _both(tmp_path, format_)
    assert ours == theirs
    assert (content.rows, content.rows_sha256, content.sha256, content.size) == (
        told.rows,
        told.rows_sha256,
        told.sha256,
        told.size,
    )


@pytest.mark.parametrize("site", ["lobby", "", "a/b ü"])
def test_both_lay_out_a_partition_alike(tmp_path: Path, site: str) -> None:
    """Folders, files and manifests have the same names and words."""
    content, told, _, _ = _both(tmp_path, FileFormat.CSV)
    partition, format_ = export_plan.Partition(site, DAY), export_plan.ExportFormat.CSV
    assert layout.data_name(site, DAY, FileFormat.CSV) == f"{partition.folder}/{export_plan.file_name(format_)}"
    assert layout.manifest_name(site, DAY) == f"{partition.folder}/{export_plan.MANIFEST}"
    manifest = export_plan.next_manifest(None, "", told, partition, format_, NOW)
    assert manifest is not None
    written = WrittenPartition(1, content.rows, "any")
    assert layout.manifest_text(site, DAY, FileFormat.CSV, content, written, NOW) == manifest.text()


def test_neither_takes_the_others_folder_for_its_own() -> None:
    """The marker of a schedule is none that a run of `portero export` writes, whatever its options."""
    told = json.loads(layout.marker_text(FileFormat.CSV, ("lobby",), "k"))
    selection = json.loads(export_plan.Selection(export_plan.ExportFormat.CSV, "", ("sites/lobby",)).text())
    assert told == {**selection, "scheduled": "k"}
