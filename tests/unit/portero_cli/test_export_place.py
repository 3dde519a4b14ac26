"""Where exports are kept: the same contract for a folder and for a bucket."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portero_cli.export_place import ExportPlace, opened_place
from portero_client import InvalidArgument
from tests.support.client.buckets import s3

__all__ = ["s3"]

_NAME = "site=lobby/date=2026-05-01/part-00000.csv"


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, s3: Any, tmp_path: Path) -> Iterator[ExportPlace]:
    """An empty place."""
    where = str(tmp_path / "out") if request.param == "folder" else "s3://exports/a"
    with opened_place(where) as opened:
        yield opened


def _file(place: ExportPlace, content: bytes) -> Path:
    file = place.work / "new"
    file.write_bytes(content)
    return file


def test_files_are_kept_read_replaced_and_removed(place: ExportPlace) -> None:
    """A finished file leaves the work folder, and its digest tells whether it is the one that was written."""
    assert (list(place.names()), place.read("_export.json"), place.sha256(_NAME)) == ([], None, "")
    for content in (b"one", b"two"):
        digest = hashlib.sha256(content).hexdigest()
        place.keep(_NAME, _file(place, content), digest)
        assert (place.read(_NAME), place.sha256(_NAME)) == (content, digest)
        assert not (place.work / "new").exists()
    place.write("_export.json", "é")
    place.write("_export.json", "ü")
    assert place.read("_export.json") == "ü".encode()
    assert _NAME in list(place.names())
    place.remove("_export.json")
    place.remove("_export.json")
    assert place.read("_export.json") is None


def test_of_two_runs_one_says_what_the_place_holds(place: ExportPlace) -> None:
    """A file is created once, whoever comes first."""
    assert place.create("_export.json", "csv")
    assert not place.create("_export.json", "jsonl")
    assert place.read("_export.json") == b"csv"


def test_an_export_below_another_one_is_not_taken_for_it(s3: Any) -> None:
    """A longer prefix holds another export: its partitions are none of the shorter one's."""
    for prefix in ("s3://exports/a", "s3://exports/a/b"):
        with opened_place(prefix) as place:
            place.keep(_NAME, _file(place, b"x"), "1")
            place.write("_export.json", "{}")
    with opened_place("s3://exports/a") as place:
        assert list(place.names()) == [_NAME]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    """A new run begins with an empty work folder, and nothing stays of it; only the owner can look into the place."""
    folder = tmp_path / "out"
    (folder / ".work").mkdir(parents=True)
    (folder / ".work" / "0.csv").write_bytes(b"Ana")
    with opened_place(str(folder)) as place:
        assert list(place.work.iterdir()) == []
        place.keep(_NAME, _file(place, b""), "")
        assert (folder / _NAME).parent.stat().st_mode & 0o777 == 0o700
    assert not (folder / ".work").exists()


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    """The second is refused until the first is done."""
    folder = str(tmp_path / "out")
    with opened_place(folder), pytest.raises(InvalidArgument, match="another export writes"), opened_place(folder):
        pass
    with opened_place(folder):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error has the folder and the system's reason."""
    tmp_path.chmod(0o500)
    try:
        with (
            pytest.raises(InvalidArgument, match="out cannot be used: Permission denied"),
            opened_place(f"{tmp_path}/out"),
        ):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_below_nothing_is_refused(tmp_path: Path) -> None:
    """A mistyped path makes no tree of folders."""
    with pytest.raises(InvalidArgument, match="No such file"), opened_place(str(tmp_path / "no" / "out")):
        pass


def test_a_key_encrypts_in_a_bucket_alone(s3: Any, tmp_path: Path) -> None:
    """Objects are encrypted with the key that is named; a folder has none."""
    with opened_place("s3://exports/a", "alias/exports") as place:
        place.keep(_NAME, _file(place, b"x"), "1")
    head = s3.head_object(Bucket="exports", Key=f"a/{_NAME}")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/exports")
    with pytest.raises(InvalidArgument, match="for s3://"), opened_place(str(tmp_path / "out"), "alias/exports"):
        pass
