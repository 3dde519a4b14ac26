"""A vault in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.vault.folder import FolderPlace
from portero_server.vault.place import VaultUnavailable, is_photo_name

NAME, OTHER = "0a" * 16, "ff" * 16


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    """An empty place."""
    made = FolderPlace(tmp_path / "photos")
    made.check()
    return made


def test_objects_come_and_go(place: FolderPlace, tmp_path: Path) -> None:
    """What was put is read, listed and deleted; only the owner may read it; deleting again does nothing."""
    for name in (NAME, OTHER):
        place.put(name, name.encode())
    place.put(NAME, b"again")
    (tmp_path / "photos" / "0a" / "notes.txt").touch()
    assert (place.get(NAME), place.get(OTHER)) == (b"again", OTHER.encode())
    assert sorted(place.names()) == [NAME, OTHER]
    assert all(is_photo_name(name) for name in place.names())
    file = tmp_path / "photos" / "0a" / NAME
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    for _ in range(2):
        place.delete(NAME)
    assert place.get(NAME) is None
    assert list(place.names()) == [OTHER]


def test_an_interrupted_write_is_listed_and_deleted(place: FolderPlace, tmp_path: Path) -> None:
    """What a crash left half written is no object, and goes with its name."""
    part = tmp_path / "photos" / "0a" / f"{NAME}.part"
    part.parent.mkdir()
    part.write_bytes(b"half")
    assert place.get(NAME) is None
    assert list(place.names()) == [NAME]
    place.delete(NAME)
    assert not part.exists()


def test_a_folder_that_is_away_deletes_nothing(place: FolderPlace, tmp_path: Path) -> None:
    """Without its folder the vault does not answer; it does not say that a photo is gone."""
    (tmp_path / "photos").rmdir()
    asks: list[Callable[[], object]] = [
        lambda: place.get(NAME),
        lambda: place.delete(NAME),
        lambda: place.put(NAME, b"x"),
    ]
    for ask in asks:
        with pytest.raises(VaultUnavailable, match="FileNotFoundError"):
            ask()


def test_a_folder_that_everybody_reads_is_refused_at_the_start(tmp_path: Path) -> None:
    """The start names the folder and what to run; a file in its place cannot be used either."""
    (tmp_path / "open").mkdir(0o755)
    (tmp_path / "open").chmod(0o755)
    with pytest.raises(StartupProblem, match="chmod 700"):
        FolderPlace(tmp_path / "open").check()
    (tmp_path / "file").touch()
    with pytest.raises(StartupProblem, match="cannot be used"):
        FolderPlace(tmp_path / "file").check()
