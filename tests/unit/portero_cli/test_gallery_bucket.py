"""Galleries in S3: a bucket that unchanged boto3 talks to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.client.buckets import s3
from tests.support.client.command_line import Cli
from tests.support.client.gallery_files import encodings_folder
from tests.support.client.server import FakeServer

__all__ = ["s3"]

_PLACE = "s3://galleries/hotel/2026-11"


def _keys(s3: Any) -> set[str]:
    return {each["Key"] for each in s3.list_objects_v2(Bucket="galleries").get("Contents", ())}


async def test_a_gallery_is_restored_from_a_bucket(
    cli: Cli, server: FakeServer, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody is there again with the same faces, and nothing of them stays in the temporary folder."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    await cli("gallery", "import", encodings_folder(tmp_path / "in", ["Ana", "Bo", "Ana"], 3))
    told = await cli("gallery", "export", f"{_PLACE}/")
    assert (told.code, told.out) == (0, f"{_PLACE}/: 2 people, 3 faces of fake dlib-resnet-v1\n")
    assert _keys(s3) == {"hotel/2026-11/gallery.json", "hotel/2026-11/people.jsonl"}
    assert "whoever may read the bucket can read it" in told.err
    before = {name: list(record.faces) for name, record in server.gallery.records.items()}
    server.gallery.records.clear()
    result = await cli("gallery", "import", _PLACE)
    assert (result.code, result.out) == (
        0,
        "2 people added, 0 existed, 0 refused; 3 faces added, 0 were there already\n",
    )
    assert {name: list(record.faces) for name, record in server.gallery.records.items()} == before
    assert list(temporary.iterdir()) == []


async def test_encodings_for_other_programs_go_to_a_bucket_and_come_from_it(
    cli: Cli, server: FakeServer, s3: Any, tmp_path: Path
) -> None:
    """The files of face_recognition are read from the prefix as from a folder."""
    await cli("gallery", "import", encodings_folder(tmp_path / "in", ["Ana"], 1))
    await cli("gallery", "export", _PLACE, "--encodings")
    assert _keys(s3) == {"hotel/2026-11/encodings.npy", "hotel/2026-11/labels.json"}
    result = await cli("gallery", "import", _PLACE)
    assert result.out == "0 people added, 1 existed, 0 refused; 0 faces added, 1 were there already\n"


async def test_the_key_of_the_site_encrypts_where_one_is_named(cli: Cli, server: FakeServer, s3: Any) -> None:
    """Without one, the bucket's own setting does."""
    assert (await cli("gallery", "export", _PLACE, "--kms-key", "alias/galleries")).code == 0
    head = s3.head_object(Bucket="galleries", Key="hotel/2026-11/gallery.json")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/galleries")


async def test_nothing_is_written_over_an_export(cli: Cli, server: FakeServer, s3: Any) -> None:
    """A prefix with anything below it is refused before anybody is read; one that only begins alike is empty."""
    s3.put_object(Bucket="galleries", Key="hotel/2026-11/old", Body=b"x")
    result = await cli("gallery", "export", _PLACE)
    assert (result.code, result.err) == (4, f"error: {_PLACE}/ is not empty: name a new prefix\n")
    assert server.calls["ExportPeople"] == 0
    assert (await cli("gallery", "export", "s3://galleries/hotel/2026-1")).code == 0


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("s3://galleries/nothing", "s3://galleries/nothing/encodings.npy cannot be read"),
        ("s3://not-there/x", "the bucket not-there refuses (NoSuchBucket)"),
        ("s3://galleries", "s3://galleries must be s3://BUCKET/PREFIX"),
    ],
)
async def test_an_import_from_where_no_gallery_is_says_so(
    cli: Cli, server: FakeServer, s3: Any, place: str, words: str
) -> None:
    """The error names the bucket or the place that was asked for, and no temporary folder."""
    result = await cli("gallery", "import", place)
    assert result.code == 4
    assert words in result.err
    assert "portero-gallery-" not in result.err


async def test_a_damaged_export_names_its_place(cli: Cli, server: FakeServer, s3: Any) -> None:
    """As an export in a folder does."""
    await cli("gallery", "export", _PLACE)
    s3.put_object(Bucket="galleries", Key="hotel/2026-11/people.jsonl", Body=b"{}\n")
    result = await cli("gallery", "import", _PLACE)
    assert result.err == f"error: {_PLACE}/people.jsonl is damaged: it is not what was exported\n"


async def test_without_credentials_nothing_is_exported(
    cli: Cli, server: FakeServer, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line says what AWS's library misses."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = await cli("gallery", "export", _PLACE)
    assert result.code == 4
    assert result.err.startswith("error: the bucket galleries cannot be used (NoCredentialsError")


async def test_a_key_for_a_folder_is_refused(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """Nothing encrypts there."""
    result = await cli("gallery", "export", tmp_path / "out", "--kms-key", "alias/x")
    assert result.code == 4
    assert "for s3://BUCKET/PREFIX only" in result.err
