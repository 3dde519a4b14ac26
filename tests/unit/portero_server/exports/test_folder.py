"""A folder of exported files: whole ones, for their owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.exports.folder import ExportFolder
from portero_server.vault.place import VaultUnavailable

NAME = "site=lobby/date=2026-05-01/part-00000.csv"


@pytest.fixture
def place(tmp_path: Path) -> ExportFolder:
    """An empty folder."""
    place = ExportFolder(tmp_path / "out")
    place.check()
    return place


def test_files_are_kept_read_replaced_and_removed(place: ExportFolder, tmp_path: Path) -> None:
    """A finished file leaves the work folder; the last file of a site takes its folders along."""
    work = place.begin()
    for content in (b"one", b"two"):
        (work / "new").write_bytes(content)
        place.keep(NAME, work / "new")
        assert place.read(NAME) == content
    place.write("_export.json", "é")
    place.write("_export.json", "ü")
    assert place.read("_export.json") == "ü".encode()
    assert (tmp_path / "out" / "_export.json").stat().st_mode & 0o777 == 0o600
    place.end()
    place.remove(NAME)
    place.remove(NAME)
    assert place.read(NAME) is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["_export.json"]


def test_what_a_kill_has_left_is_removed(place: ExportFolder, tmp_path: Path) -> None:
    """A writer begins with an empty work folder."""
    (tmp_path / "out" / ".work").mkdir()
    (tmp_path / "out" / ".work" / "0.csv").write_bytes(b"Ana")
    assert list(place.begin().iterdir()) == []


def test_a_writer_that_was_overtaken_leaves_the_others_files_alone(place: ExportFolder, tmp_path: Path) -> None:
    """Its own are gone by then: what it still writes fails."""
    before = place.begin()
    (before / "new").write_bytes(b"old")
    after = ExportFolder(tmp_path / "out").begin()
    (after / "new").write_bytes(b"new")
    with pytest.raises(VaultUnavailable):
        place.keep(NAME, before / "new")
    place.end()
    assert (after / "new").read_bytes() == b"new"


def test_a_folder_that_everybody_may_read_is_refused(place: ExportFolder, tmp_path: Path) -> None:
    """At the start, with what to do; so is one that cannot be made."""
    (tmp_path / "out").chmod(0o755)
    with pytest.raises(StartupProblem, match=r"PORTERO_EXPORT: everybody may read .*chmod 700"):
        place.check()
    (tmp_path / "file").touch()
    with pytest.raises(StartupProblem, match=r"PORTERO_EXPORT: the folder .* cannot be used"):
        ExportFolder(tmp_path / "file").check()


def test_a_folder_that_is_away_is_not_made_again(place: ExportFolder, tmp_path: Path) -> None:
    """As where a file server is not mounted: nothing is written beside it, and nothing counts as removed."""
    (tmp_path / "out").rmdir()
    for work in (place.begin, lambda: place.read(NAME), lambda: place.remove(NAME)):
        with pytest.raises(VaultUnavailable, match="folder of the exports"):
            work()
    assert list(tmp_path.iterdir()) == []
