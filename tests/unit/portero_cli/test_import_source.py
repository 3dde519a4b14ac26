"""What people are imported from."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_cli.import_source import opened_source
from portero_client import InvalidArgument
from tests.support.images.jpegs import picture
from tests.unit.portero_cli.test_zipped_photos import zipped


def _planned(source: Path) -> dict[str, list[str]]:
    """Returns the photos of each person, after reading them."""
    with opened_source(source) as (plan, store):
        for each in plan.people:
            assert all(store.read(photo) == picture() for photo in each.photos)
        return {each.display_name: [str(photo.relative_to(source)) for photo in each.photos] for each in plan.people}


@pytest.mark.parametrize("top", ["", "people/"])
def test_an_archive_holds_a_folder_or_a_list(tmp_path: Path, top: str) -> None:
    """Folders and photos in an archive, and a list with its photos, are planned alike, packed with a folder or not."""
    path = zipped(tmp_path / "a.zip", {f"{top}ana/1.jpg": picture(), f"{top}bo/b.jpg": picture()})
    assert _planned(path) == {"Ana": [f"{top}ana/1.jpg"], "Bo": [f"{top}bo/b.jpg"]}
    listed = {f"{top}list.csv": b"name,photo\nAna,1.jpg\n", f"{top}1.jpg": picture()}
    assert _planned(zipped(tmp_path / "b.zip", listed)) == {"Ana": [f"{top}1.jpg"]}


def test_a_list_finds_its_photos_beside_it(tmp_path: Path) -> None:
    """Paths of a list are relative to the folder that it is in."""
    (tmp_path / "ana.jpg").write_bytes(picture())
    (tmp_path / "list.csv").write_text("name,photo\nAna,ana.jpg\n")
    with opened_source(tmp_path / "list.csv") as (plan, store):
        assert store.read(plan.people[0].photos[0]) == picture()


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    """A photo, nothing, an empty folder, an empty archive and one with two lists are refused in words."""
    (tmp_path / "ana.jpg").write_bytes(picture())
    (tmp_path / "empty").mkdir()
    zipped(tmp_path / "none.zip", {})
    zipped(tmp_path / "two.zip", {"a.csv": b"", "b.csv": b""})
    for name, said in (
        ("ana.jpg", "use `portero people add`"),
        ("gone", "is not a folder, list or ZIP archive"),
        ("empty", "holds no folder with photos"),
        ("none.zip", "holds no photos"),
        ("two.zip", "has 2 lists"),
    ):
        with pytest.raises(InvalidArgument, match=said), opened_source(tmp_path / name):
            pass
