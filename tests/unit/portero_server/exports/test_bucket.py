"""Exported files in a bucket, through unchanged boto3."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from portero_server.errors import StartupProblem
from portero_server.exports.bucket import ExportBucket
from portero_server.exports.place import EXPORTS
from portero_server.vault.bucket import BucketOptions, create_bucket
from portero_server.vault.place import VaultUnavailable
from tests.support.client.buckets import s3

__all__ = ["s3"]

NAME = "site=lobby/date=2026-05-01/part-00000.csv"


def _place(bucket: str = "exports") -> ExportBucket:
    encryption = {"ServerSideEncryption": "aws:kms"}
    return ExportBucket(create_bucket(BucketOptions(bucket, "a/", encryption=encryption, words=EXPORTS)), "e1")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Has folders of this machine made below the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_kill_has_left_here_is_removed(s3: Any, temporary: Path) -> None:
    """By the next server that begins, which only its user can read; one that ends late removes nothing of its files."""
    killed, later = _place(), _place()
    (killed.begin() / "names").write_text("ana")
    work = later.begin()
    killed.end()
    assert set(temporary.rglob("*")) == {work, work.parent}
    assert {path.stat().st_mode & 0o777 for path in (work, work.parent)} == {0o700}
    later.end()
    assert list(temporary.iterdir()) == []


def test_a_folder_of_somebody_else_is_refused(s3: Any, temporary: Path) -> None:
    """A link, or a folder that others may read, may be there to read names."""
    folder = temporary / "portero-export-e1"
    folder.mkdir(mode=0o755)
    with pytest.raises(VaultUnavailable, match=r"portero-export-e1 is not a folder of this server alone: remove it"):
        _place().begin()
    folder.rename(temporary / "elsewhere").chmod(0o700)
    folder.symlink_to(temporary / "elsewhere")
    with pytest.raises(VaultUnavailable, match="remove it"):
        _place().begin()


def test_files_are_kept_read_replaced_and_removed(s3: Any) -> None:
    """Each is an object below the prefix, encrypted as asked, and leaves this machine when it is there."""
    place = _place()
    place.check()
    work = place.begin()
    for content in (b"one", b"two"):
        (work / "new").write_bytes(content)
        place.keep(NAME, work / "new")
        assert (place.read(NAME), list(work.iterdir())) == (content, [])
    place.write("_export.json", "ü")
    assert place.read("_export.json") == "ü".encode()
    told = s3.head_object(Bucket="exports", Key=f"a/{NAME}")
    assert told["ServerSideEncryption"] == "aws:kms"
    place.remove(NAME)
    assert place.read(NAME) is None
    place.end()
    assert not work.exists()


def test_a_bucket_that_keeps_versions_is_refused(s3: Any) -> None:
    """The erased would stay in them."""
    s3.put_bucket_versioning(Bucket="exports", VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(StartupProblem, match=r"PORTERO_EXPORT: the bucket exports keeps versions, .*deleted files"):
        _place().check()


def test_a_bucket_that_refuses_is_waited_for(s3: Any) -> None:
    """The error names the bucket and what S3 says."""
    with pytest.raises(VaultUnavailable, match=r"bucket missing of the exports refuses \(NoSuchBucket\)"):
        _place("missing").write("_export.json", "x")
