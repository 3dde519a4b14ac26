"""An exported gallery in S3: the files of the folder, below a prefix of a bucket."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from portero_cli.encodings_source import ENCODINGS, LABELS
from portero_cli.gallery_folder import MANIFEST, PEOPLE
from portero_client import InvalidArgument

_T = TypeVar("_T")
_SCHEME = "s3://"
# Names of buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_PLACE = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>[A-Za-z0-9!_.*'()/-]{1,200}?)/?")


@dataclass(frozen=True, slots=True)
class BucketPrefix:
    """Where in S3 a gallery is.

    Attributes:
        bucket: Name of the bucket.
        prefix: Of the keys, without a slash at its end.
    """

    bucket: str
    prefix: str

    def key(self, name: str) -> str:
        """Returns the key of one of the gallery's files."""
        return f"{self.prefix}/{name}"


def bucket_prefix(place: str) -> BucketPrefix | None:
    """Returns the bucket and prefix of s3://BUCKET/PREFIX; None: the place is a folder.

    Raises:
        InvalidArgument: It begins with s3:// and is none.
    """
    if not place.startswith(_SCHEME):
        return None
    if (found := _PLACE.fullmatch(place)) is None:
        raise InvalidArgument(f"{place} must be s3://BUCKET/PREFIX", field="folder", reason="NO_BUCKET")
    return BucketPrefix(found["bucket"], found["prefix"])


@asynccontextmanager
async def exporting_to(place: str, kms_key: str = "") -> AsyncIterator[Path]:
    """Yields the folder to export to: the place itself, or a private one that is uploaded afterward and removed.

    Args:
        place: A folder, or s3://BUCKET/PREFIX.
        kms_key: Id, ARN or alias of the KMS key that encrypts; empty: what the bucket encrypts with.

    Raises:
        InvalidArgument: The place is no bucket and prefix, something is there already, or the bucket refuses.
    """
    prefix = bucket_prefix(place)
    if prefix is None:
        if kms_key:
            raise InvalidArgument("kms_key is for s3://BUCKET/PREFIX only", field="kms_key")
        yield Path(place)
        return
    bucket = await asyncio.to_thread(_Bucket, prefix)
    await asyncio.to_thread(bucket.check_empty)
    with _private_folder() as folder, _named(folder, place):
        yield folder
        await asyncio.to_thread(bucket.upload, folder, kms_key)


@asynccontextmanager
async def importing_from(place: str) -> AsyncIterator[Path]:
    """Yields the folder to import from: the place itself, or a private copy, which is removed afterward.

    Raises:
        InvalidArgument: The place is no bucket and prefix, or the bucket refuses.
    """
    prefix = bucket_prefix(place)
    if prefix is None:
        yield Path(place)
        return
    bucket = await asyncio.to_thread(_Bucket, prefix)
    with _private_folder() as folder, _named(folder, place):
        await asyncio.to_thread(bucket.download, folder)
        yield folder


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Yields an empty folder that only its owner can look into, and removes it with everything in it."""
    with tempfile.TemporaryDirectory(prefix="portero-gallery-") as folder:
        yield Path(folder)


@contextmanager
def _named(folder: Path, place: str) -> Iterator[None]:
    """Lets errors about the private folder name the place that was asked for."""
    try:
        yield
    except InvalidArgument as error:
        words = str(error).replace(f"{folder}/", f"{place.rstrip('/')}/").replace(str(folder), place)
        raise InvalidArgument(words, field=error.field, reason=error.reason) from None


class _Bucket:
    """One prefix of a bucket, asked by boto3 with AWS's standard rules for credentials, region and endpoint."""

    def __init__(self, prefix: BucketPrefix) -> None:
        try:
            import boto3
        except ImportError:
            raise InvalidArgument(
                "the package that talks to S3 is missing: pip install 'portero[s3]'", field="folder", reason="NO_S3"
            ) from None
        self._prefix = prefix
        self._client: Any = self._ask(lambda: boto3.session.Session().client("s3"))

    def check_empty(self) -> None:
        """Raises InvalidArgument if anything lies below the prefix."""
        below = self._prefix.key("")
        found = self._ask(lambda: self._client.list_objects_v2(Bucket=self._prefix.bucket, Prefix=below, MaxKeys=1))
        if found.get("KeyCount"):
            raise InvalidArgument(
                f"{_SCHEME}{self._prefix.bucket}/{below} is not empty: name a new prefix",
                field="folder",
                reason="FILE_EXISTS",
            )

    def upload(self, folder: Path, kms_key: str) -> None:
        """Uploads the files of a folder, the manifest last: without it nobody takes them for a gallery."""
        how = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        for file in sorted(folder.iterdir(), key=lambda file: (file.name == MANIFEST, file.name)):
            key = self._prefix.key(file.name)
            self._ask(partial(self._client.upload_file, str(file), self._prefix.bucket, key, ExtraArgs=how))

    def download(self, folder: Path) -> None:
        """Downloads the gallery's files that are there; the folder's reader says what is missing."""
        for name in (MANIFEST, PEOPLE, ENCODINGS, LABELS):
            self._ask(partial(self._fetch, name, folder / name))

    def _fetch(self, name: str, file: Path) -> None:
        from botocore.exceptions import ClientError

        try:
            self._client.download_file(self._prefix.bucket, self._prefix.key(name), str(file))
        except ClientError as error:
            if _code(error) not in ("404", "NoSuchKey"):
                raise

    def _ask(self, call: Callable[[], _T]) -> _T:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call()
        except ClientError as error:
            problem = f"refuses ({_code(error)})"
        except (Boto3Error, BotoCoreError, OSError) as error:
            problem = f"cannot be used ({type(error).__name__}: {error})"
        raise InvalidArgument(f"the bucket {self._prefix.bucket} {problem}", field="folder", reason="BUCKET_UNUSABLE")


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
