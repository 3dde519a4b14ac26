"""A vault, or snapshots, in S3. The bucket must keep no versions: what is deleted from a versioned one stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, TypeVar, cast

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from portero_server.errors import StartupProblem
from portero_server.vault.place import VAULT, PlaceWords, VaultUnavailable, is_photo_name

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")
_CONNECT_TIMEOUT = 5.0
_READ_TIMEOUT = 20.0
_ATTEMPTS = 3
"""All attempts together end long before a pending photo is taken for abandoned."""


@dataclass(frozen=True, slots=True)
class BucketOptions:
    """Where the objects are.

    Attributes:
        bucket: Without versions and without Object Lock.
        prefix: Of every key; empty or ending with a slash.
        region: Region of the bucket; None: that of the AWS profile or environment.
        content_type: Of every object.
        encryption: What KMS encrypts each object with, as PutObject takes it; none: what the bucket says.
        words: What messages call it.
    """

    bucket: str
    prefix: str
    region: str | None = None
    content_type: str = "application/octet-stream"
    encryption: Mapping[str, str] = field(default_factory=dict)
    words: PlaceWords = VAULT


class BucketClient(Protocol):
    """The methods of boto3's S3 client that are used."""

    def put_object(self, **arguments: Any) -> Any:
        """Stores an object under a key."""
        ...

    def get_object(self, **arguments: Any) -> Any:
        """Returns an object."""
        ...

    def delete_object(self, **arguments: Any) -> Any:
        """Deletes an object."""
        ...

    def get_bucket_versioning(self, **arguments: Any) -> Any:
        """Returns whether the bucket keeps versions."""
        ...

    def generate_presigned_url(self, operation: str, **arguments: Any) -> Any:
        """Returns a URL that does what an operation does, signed by these credentials; asks nobody."""
        ...

    def get_paginator(self, operation: str) -> Any:
        """Returns a paginator for a listing operation."""
        ...


class BucketPlace:
    """Keeps each object under PREFIX and its name."""

    def __init__(self, client: BucketClient, options: BucketOptions) -> None:
        self._client = client
        self._options = options

    def check(self) -> None:
        """Raises StartupProblem if the bucket keeps versions; a bucket that does not answer is only warned of."""
        words = self._options.words
        try:
            told = self._ask(lambda: self._client.get_bucket_versioning(Bucket=self._options.bucket))
        except VaultUnavailable as error:
            _log.warning("vault_not_checked", reason=error.reason, advice=error.message)
            return
        if told.get("Status"):
            raise StartupProblem(
                f"{words.setting}: the bucket {self._options.bucket} keeps versions, so that deleted {words.content}s "
                "would stay: use a bucket that never had versioning"
            )

    def put(self, name: str, content: bytes | BinaryIO) -> None:
        """Keeps an object: bytes, or what a file holds."""
        self._ask(
            lambda: self._client.put_object(
                Bucket=self._options.bucket,
                Key=self._key(name),
                Body=content,
                ContentType=self._options.content_type,
                **self._options.encryption,
            )
        )

    def get(self, name: str) -> bytes | None:
        """Returns an object; None: there is none."""

        def read() -> bytes | None:
            try:
                answer = self._client.get_object(Bucket=self._options.bucket, Key=self._key(name))
            except ClientError as error:
                if _code(error) == "NoSuchKey":
                    return None
                raise
            return cast("bytes", answer["Body"].read())

        return self._ask(read)

    def delete(self, name: str) -> None:
        """Deletes an object; raises VaultUnavailable if the bucket only hides it behind a marker."""
        told = self._ask(lambda: self._client.delete_object(Bucket=self._options.bucket, Key=self._key(name)))
        if told.get("DeleteMarker"):
            raise VaultUnavailable(
                f"the bucket {self._options.bucket} keeps versions: the {self._options.words.content} is hidden and "
                "not deleted",
                reason="VAULT_KEEPS_VERSIONS",
            )

    def link(self, name: str, seconds: int) -> str:
        """Returns a URL by which anybody can read an object for some seconds, if this server still may by then."""
        asked = {"Bucket": self._options.bucket, "Key": self._key(name)}
        signed = self._ask(
            lambda: self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds, HttpMethod="GET")
        )
        return cast("str", signed)

    def names(self) -> Iterator[str]:
        """Yields the names of all objects."""
        prefix = self._options.prefix
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._options.bucket, Prefix=prefix)
        found = self._ask(
            lambda: [each["Key"].removeprefix(prefix) for page in pages for each in page.get("Contents", ())]
        )
        return (name for name in found if is_photo_name(name))

    def _key(self, name: str) -> str:
        return f"{self._options.prefix}{name}"

    def _ask(self, call: Callable[[], _T]) -> _T:
        title = self._options.words.title
        try:
            return call()
        except ClientError as error:
            raise VaultUnavailable(
                f"the bucket {self._options.bucket} of the {title} refuses ({_code(error)})", reason="VAULT_REFUSED"
            ) from None
        except (BotoCoreError, OSError, ResponseParserError, AttributeError, LookupError, TypeError) as error:
            # The last four: something that is no S3, as a proxy, has answered.
            raise VaultUnavailable(f"the bucket of the {title} cannot be used ({type(error).__name__})") from None


def create_bucket(options: BucketOptions) -> BucketPlace:
    """Creates the place with AWS's standard credential rules; connects to nothing yet.

    Raises:
        StartupProblem: No region is known.
    """
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        # Links to objects that KMS encrypts must be signed so, which is not the default everywhere.
        signature_version="s3v4",
    )
    try:
        client = boto3.session.Session(region_name=options.region).client("s3", config=config)
    except BotoCoreError as error:
        words = options.words
        raise StartupProblem(f"the {words.title} cannot be used: {error}; set {words.setting}_REGION") from None
    return BucketPlace(cast("BucketClient", client), options)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
