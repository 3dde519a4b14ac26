"""The report of an import."""

from __future__ import annotations

import csv
import errno
import json
from pathlib import Path

import pytest

from portero_cli.import_report import Outcome, PhotoOutcome, check_report, summary, with_duplicates_marked, write_report
from portero_client import InvalidArgument

_DONE = PhotoOutcome("=ana.jpg", "people/ana", "Ana", Outcome.ENROLLED, "people/ana/faces/1")
_BAD = PhotoOutcome("b.jpg", "people/ana", "Ana", Outcome.REFUSED, "", "NO_FACE", "there is no face")
_OUT = PhotoOutcome("c.txt", "", "", Outcome.LEFT_OUT, "", "NOT_A_PHOTO", "left out: it is not a photo")


def test_a_report_says_the_same_in_both_forms_and_is_its_owners(tmp_path: Path) -> None:
    """Each photo is a line with what became of it; no cell is a formula, and nobody else can read it."""
    write_report(tmp_path / "r.json", [_DONE, _BAD, _OUT])
    write_report(tmp_path / "r.csv", [_DONE])
    write_report(tmp_path / "r.csv", [_DONE, _BAD, _OUT])
    lines = json.loads((tmp_path / "r.json").read_text())["photos"]
    with (tmp_path / "r.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [line["photo"] for line in lines] == ["=ana.jpg", "b.jpg", "c.txt"]
    assert table[0]["photo"] == "'=ana.jpg"
    assert table[1:] == lines[1:]
    assert lines[1] == {
        "photo": "b.jpg",
        "person": "people/ana",
        "display_name": "Ana",
        "outcome": "refused",
        "face": "",
        "reason": "NO_FACE",
        "message": "there is no face",
    }
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


def test_pictures_that_come_twice_count_once() -> None:
    """The second photo with the same face is told as the same picture, and the summary adds up."""
    twin = PhotoOutcome("d.jpg", "people/ana", "Ana", Outcome.ENROLLED, "people/ana/faces/1")
    marked = with_duplicates_marked([_DONE, twin, _BAD, _OUT])
    assert [each.outcome.value for each in marked] == ["enrolled", "same_picture", "refused", "left_out"]
    assert "the same picture as =ana.jpg" in marked[1].message
    assert summary(marked) == (
        "3 photos: 1 enrolled of 1 person, 1 the same picture as another, 1 refused, 1 file or folder left out"
    )


def test_a_report_has_a_name_that_says_its_form(tmp_path: Path) -> None:
    """Another ending, and a folder that is not there, are refused before anything is done."""
    check_report(tmp_path / "r.CSV")
    for path, said in ((tmp_path / "r.txt", r"must end in \.csv or \.json"), (tmp_path / "no/r.csv", "no such folder")):
        with pytest.raises(InvalidArgument, match=said):
            check_report(path)


def test_a_report_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up costs neither the earlier report nor leaves part of the new one behind."""
    write_report(tmp_path / "r.csv", [_DONE])
    before = (tmp_path / "r.csv").read_bytes()

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InvalidArgument, match="cannot be written: No space left on device"):
        write_report(tmp_path / "r.csv", [_DONE, _BAD])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"r.csv": before}
