"""The files of a day, one a site."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from portero_server.domain.recording.export_range import ExportedSighting
from portero_server.domain.recording.sightings import Sighting
from portero_server.exports.day_files import DayFiles
from portero_server.exports.files import FileFormat
from tests.support.store.commits import BOX, at


def _seen(name: str, site: str) -> ExportedSighting:
    return ExportedSighting(Sighting(name, "door", None, "", at(0), at(1), 0.0, 0.0, 1, BOX), site)


def test_each_site_has_a_file_of_its_own(tmp_path: Path) -> None:
    """Rows of pages that follow each other go to the same one, and no name of a file says which site it is."""
    files = DayFiles(date(2026, 3, 2), tmp_path, FileFormat.JSONL)
    files.add([_seen("s1", "north"), _seen("s2", "../south")])
    files.add([_seen("s3", "north")])
    assert [(site, content.rows) for site, _, content in files.finished()] == [("../south", 1), ("north", 2)]
    assert {path.name for path in tmp_path.iterdir()} == {"2026-03-02-0.jsonl", "2026-03-02-1.jsonl"}


def test_what_is_not_finished_is_removed(tmp_path: Path) -> None:
    """And what is finished is left to whoever keeps it."""
    files = DayFiles(date(2026, 3, 2), tmp_path, FileFormat.PARQUET)
    files.add([_seen("s1", "north")])
    files.drop()
    assert list(tmp_path.iterdir()) == []
