"""Files below a prefix of an S3 bucket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from portero_client import InvalidArgument

_T = TypeVar("_T")
_SCHEME = "s3://"
# Names of buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_PLACE = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>[A-Za-z0-9!_.*'()/-]{1,200}?)/?")


@dataclass(frozen=True, slots=True)
class BucketPrefix:
    """Where in S3 files are.

    Attributes:
        bucket: Name of the bucket.
        prefix: Of the keys, without a slash at its end.
    """

    bucket: str
    prefix: str

    def key(self, name: str) -> str:
        """Returns the key of one of the files."""
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


class Bucket:
    """One prefix of a bucket, asked by boto3 with AWS's standard rules for credentials, region and endpoint.

    Every method raises InvalidArgument if the bucket refuses or cannot be reached.
    """

    def __init__(self, place: BucketPrefix) -> None:
        """Opens a client, which connects when first used.

        Raises:
            InvalidArgument: boto3 is not installed, or cannot be set up.
        """
        try:
            import boto3
        except ImportError:
            raise InvalidArgument(
                "the package that talks to S3 is missing: pip install 'portero[s3]'", field="folder", reason="NO_S3"
            ) from None
        self.place = place
        self._client: Any = self._ask(lambda: boto3.session.Session().client("s3"))

    def names(self) -> Iterator[str]:
        """Yields the names of all files."""
        below = self.place.key("")
        request = {"Bucket": self.place.bucket, "Prefix": below}
        while True:
            found = self._ask(partial(self._client.list_objects_v2, **request))
            yield from (each["Key"].removeprefix(below) for each in found.get("Contents", ()))
            if not found.get("IsTruncated"):
                return
            request["ContinuationToken"] = found["NextContinuationToken"]

    def upload(self, name: str, file: Path, kms_key: str = "", metadata: Mapping[str, str] | None = None) -> None:
        """Writes or replaces a file; `kms_key` encrypts it, or without one what the bucket encrypts with."""
        how: dict[str, Any] = _encryption(kms_key)
        if metadata:
            how["Metadata"] = dict(metadata)
        self._ask(partial(self._client.upload_file, str(file), *self._of(name), ExtraArgs=how))

    def create(self, name: str, content: bytes, kms_key: str = "") -> bool:
        """Writes a small file unless it is there; of two who do so at once, one does. Returns whether this one did."""

        def asked() -> bool:
            from botocore.exceptions import ClientError

            bucket, key = self._of(name)
            try:
                self._client.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*", **_encryption(kms_key))
            except ClientError as error:
                if _code(error) in ("PreconditionFailed", "ConditionalRequestConflict"):
                    return False
                raise
            return True

        return self._ask(asked)

    def download(self, name: str, file: Path) -> None:
        """Writes a file to this machine, if it is there."""
        self._if_there(partial(self._client.download_file, *self._of(name), str(file)))

    def metadata(self, name: str) -> Mapping[str, str]:
        """Returns what was noted of a file when it was written; nothing if it is not there."""
        bucket, key = self._of(name)
        found = self._if_there(partial(self._client.head_object, Bucket=bucket, Key=key))
        return {} if found is None else found["Metadata"]

    def delete(self, name: str) -> None:
        """Removes a file, if it is there."""
        bucket, key = self._of(name)
        self._ask(partial(self._client.delete_object, Bucket=bucket, Key=key))

    def _of(self, name: str) -> tuple[str, str]:
        return self.place.bucket, self.place.key(name)

    def _if_there(self, call: Callable[[], _T]) -> _T | None:
        def asked() -> _T | None:
            from botocore.exceptions import ClientError

            try:
                return call()
            except ClientError as error:
                if _code(error) in ("404", "NoSuchKey"):
                    return None
                raise

        return self._ask(asked)

    def _ask(self, call: Callable[[], _T]) -> _T:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call()
        except ClientError as error:
            problem = f"refuses ({_code(error)})"
        except (Boto3Error, BotoCoreError, OSError) as error:
            problem = f"cannot be used ({type(error).__name__}: {error})"
        raise InvalidArgument(f"the bucket {self.place.bucket} {problem}", field="folder", reason="BUCKET_UNUSABLE")


def _encryption(kms_key: str) -> dict[str, Any]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
