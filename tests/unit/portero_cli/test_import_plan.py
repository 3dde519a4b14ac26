"""What of a folder of people is imported."""

from __future__ import annotations

from pathlib import Path

from portero_cli.import_plan import plan_import
from portero_cli.photos import PhotoFolder
from portero_client import InvalidArgument

ROOT = Path("people")
CONTENTS = {
    ROOT: PhotoFolder(
        (ROOT / "Bea.jpg", ROOT / "ana.png", ROOT / "IMG_1.jpg"),
        (ROOT / "list.xlsx",),
        (ROOT / "ana", ROOT / "bea", ROOT / "closed"),
    ),
    ROOT / "ana": PhotoFolder((ROOT / "ana/1.jpg",), (ROOT / "ana/notes.txt",), (ROOT / "ana/more",)),
    ROOT / "bea": PhotoFolder((), (ROOT / "bea/clip.mov",), ()),
}


def look_into(folder: Path) -> PhotoFolder:
    """Returns the contents of a folder; one is closed."""
    if folder.name == "closed":
        raise InvalidArgument(f"{folder} cannot be read: permission denied", field="image", reason="UNREADABLE")
    return CONTENTS[folder]


def test_everything_is_imported_or_left_out_with_a_reason() -> None:
    """Each file and folder appears once, on one side."""
    plan = plan_import(ROOT, look_into)
    assert [(person.display_name, person.photos) for person in plan.people] == [
        ("Ana", (ROOT / "ana/1.jpg", ROOT / "ana.png")),
        ("Bea", (ROOT / "Bea.jpg",)),
    ]
    assert {each.path: each.reason for each in plan.left_out} == {
        "people/ana/notes.txt": "NOT_A_PHOTO",
        "people/ana/more": "FOLDER_IN_FOLDER",
        "people/bea": "NO_PHOTOS",
        "people/bea/clip.mov": "NOT_A_PHOTO",
        "people/closed": "UNREADABLE",
        "people/IMG_1.jpg": "NO_PERSON",
        "people/list.xlsx": "NOT_A_PHOTO",
    }
    assert not plan.is_complete


def test_files_that_are_no_photos_leave_an_import_complete() -> None:
    """A list beside the photos is named, but nothing is missing for it."""
    contents = {
        ROOT: PhotoFolder((), (ROOT / "list.xlsx",), (ROOT / "ana",)),
        ROOT / "ana": PhotoFolder((ROOT / "1.jpg",), (), ()),
    }
    plan = plan_import(ROOT, contents.__getitem__)
    assert plan.is_complete
    assert [each.reason for each in plan.left_out] == ["NOT_A_PHOTO"]
    ended = plan.ended_before(plan.people)
    assert (ended.left_out[0].path, ended.left_out[0].reason) == ("people/ana", "ENDED")
    assert not ended.is_complete
