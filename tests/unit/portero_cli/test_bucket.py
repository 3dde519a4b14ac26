"""Files below a prefix of a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portero_cli.bucket import Bucket, BucketPrefix, bucket_prefix
from portero_client import InvalidArgument
from tests.support.client.buckets import s3

__all__ = ["s3"]


def test_a_prefix_has_no_slash_at_its_end() -> None:
    """Both spellings mean the same keys; a folder is none."""
    assert bucket_prefix("s3://b-1/a/b/") == bucket_prefix("s3://b-1/a/b") == BucketPrefix("b-1", "a/b")
    assert bucket_prefix("s3") is None
    with pytest.raises(InvalidArgument):
        bucket_prefix("s3://B_1/a")


def test_files_are_written_listed_read_and_removed(s3: Any, tmp_path: Path) -> None:
    """Names are those below the prefix, all pages of them, and what is not there is no error."""
    bucket = Bucket(BucketPrefix("exports", "a"))
    file, back = tmp_path / "file", tmp_path / "back"
    file.write_bytes(b"content")
    for number in range(1001):
        s3.put_object(Bucket="exports", Key=f"a/{number:04}", Body=b"")
    s3.put_object(Bucket="exports", Key="ab", Body=b"")
    bucket.upload("site=x/file", file, metadata={"sha256": "12"})
    assert list(bucket.names()) == [*(f"{number:04}" for number in range(1001)), "site=x/file"]
    assert (bucket.metadata("site=x/file"), bucket.metadata("none")) == ({"sha256": "12"}, {})
    bucket.download("none", back)
    assert not back.exists()
    bucket.download("site=x/file", back)
    assert back.read_bytes() == b"content"
    bucket.delete("site=x/file")
    bucket.delete("site=x/file")
    assert bucket.metadata("site=x/file") == {}


def test_a_bucket_that_refuses_is_named(s3: Any) -> None:
    """The error has the bucket and AWS's code."""
    with pytest.raises(InvalidArgument, match=r"the bucket nobody-s refuses \(NoSuchBucket\)"):
        next(Bucket(BucketPrefix("nobody-s", "a")).names())
