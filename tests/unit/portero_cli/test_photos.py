"""Photo files and folders of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_cli.photos import look_into, photos_in, read_photo
from portero_client import InvalidArgument
from tests.support.images.jpegs import picture


def test_a_folder_is_sorted_into_photos_and_others(tmp_path: Path) -> None:
    """A photo is what has the name or the contents of one, in natural order; hidden files are nowhere."""
    for name in ("10.jpg", "9.JPG", "12:30.jpg", "broken.heic", "no suffix", "._9.jpg", ".hidden.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"words" if name == "notes.txt" else picture())
    (tmp_path / "folder.jpg").mkdir()
    found = look_into(tmp_path)
    assert [path.name for path in found.photos] == ["9.JPG", "10.jpg", "12:30.jpg", "broken.heic", "no suffix"]
    assert [path.name for path in found.others] == ["notes.txt"]
    assert [path.name for path in found.folders] == ["folder.jpg"]
    assert photos_in(tmp_path) == list(found.photos)


def test_a_name_with_a_colon_is_read(tmp_path: Path) -> None:
    """A colon makes no address of a file."""
    path = tmp_path / "2026-05-01 10:30:00.jpg"
    path.write_bytes(picture())
    assert read_photo(path) == picture()


@pytest.mark.parametrize(
    ("name", "says"), [("gone.jpg", "cannot be read: no such file"), ("folder", "is a folder"), ("empty", "is empty")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, says: str) -> None:
    """The message begins with the path."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    with pytest.raises(InvalidArgument, match=says) as refused:
        read_photo(tmp_path / name)
    assert refused.value.message.startswith(str(tmp_path / name))
    if name != "folder":
        with pytest.raises(InvalidArgument, match="cannot be read"):
            look_into(tmp_path / "gone")
