"""The files of a day, one a site."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from portero_server.domain.recording.export_range import ExportedSighting
from portero_server.domain.recording.sightings import Sighting
from portero_server.exports import files as formats
from portero_server.exports.day_files import DayFiles
from portero_server.exports.files import FileFormat
from tests.support.store.commits import BOX, at


def _seen(name: str, site: str) -> ExportedSighting:
    return ExportedSighting(Sighting(name, "door", None, "", at(0), at(1), 0.0, 0.0, 1, BOX), site)


@contextmanager
def _no_file_over(size: int) -> Iterator[None]:
    """Has writes fail from a size on, as they do where a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


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


@pytest.mark.parametrize("format_", FileFormat)
def test_files_that_no_longer_fit_are_removed(
    format_: FileFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the system's, whatever the format; what removes the files raises none of its own."""
    monkeypatch.setattr(formats, "_ROW_GROUP", 2)
    files = DayFiles(date(2026, 3, 2), tmp_path, format_)
    files.add([_seen("s0", "north"), _seen("s1", "south")])
    with _no_file_over(500), pytest.raises(OSError, match="File too large"):
        files.add(_seen(f"s{number}", "north") for number in range(2, 1000))
    with _no_file_over(0):
        files.drop()
    assert list(tmp_path.iterdir()) == []
