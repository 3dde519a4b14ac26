"""An exported gallery in S3: the files of the folder, below a prefix of a bucket."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from portero_cli.bucket import Bucket, BucketPrefix, bucket_prefix
from portero_cli.encodings_source import ENCODINGS, LABELS
from portero_cli.gallery_folder import MANIFEST, PEOPLE
from portero_client import InvalidArgument


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
    bucket = await asyncio.to_thread(_GalleryBucket, prefix)
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
    bucket = await asyncio.to_thread(_GalleryBucket, prefix)
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


class _GalleryBucket:
    """The files of a gallery below a prefix."""

    def __init__(self, prefix: BucketPrefix) -> None:
        self._bucket = Bucket(prefix)

    def check_empty(self) -> None:
        """Raises InvalidArgument if anything lies below the prefix."""
        if next(self._bucket.names(), None) is not None:
            raise InvalidArgument(
                f"s3://{self._bucket.place.bucket}/{self._bucket.place.key('')} is not empty: name a new prefix",
                field="folder",
                reason="FILE_EXISTS",
            )

    def upload(self, folder: Path, kms_key: str) -> None:
        """Uploads the files of a folder, the manifest last: without it nobody takes them for a gallery."""
        for file in sorted(folder.iterdir(), key=lambda file: (file.name == MANIFEST, file.name)):
            self._bucket.upload(file.name, file, kms_key)

    def download(self, folder: Path) -> None:
        """Downloads the gallery's files that are there; the folder's reader says what is missing."""
        for name in (MANIFEST, PEOPLE, ENCODINGS, LABELS):
            self._bucket.download(name, folder / name)
