"""A vault in S3. The bucket must keep no versions: what is deleted from a versioned one stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from portero_server.errors import StartupProblem
from portero_server.vault.place import VaultUnavailable, is_photo_name

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
    """

    bucket: str
    prefix: str
    region: str | None = None


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
        try:
            told = self._ask(lambda: self._client.get_bucket_versioning(Bucket=self._options.bucket))
        except VaultUnavailable as error:
            _log.warning("vault_not_checked", reason=error.reason, advice=error.message)
            return
        if told.get("Status"):
            raise StartupProblem(
                f"PORTERO_PHOTO_VAULT: the bucket {self._options.bucket} keeps versions, so that deleted photos would "
                "stay: use a bucket that never had versioning"
            )

    def put(self, name: str, content: bytes) -> None:
        """Keeps an object."""
        self._ask(
            lambda: self._client.put_object(
                Bucket=self._options.bucket,
                Key=self._key(name),
                Body=content,
                ContentType="application/octet-stream",
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
                f"the bucket {self._options.bucket} keeps versions: the photo is hidden and not deleted",
                reason="VAULT_KEEPS_VERSIONS",
            )

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
        try:
            return call()
        except ClientError as error:
            raise VaultUnavailable(
                f"the bucket {self._options.bucket} of the photo vault refuses ({_code(error)})", reason="VAULT_REFUSED"
            ) from None
        except (BotoCoreError, OSError) as error:
            raise VaultUnavailable(f"the bucket of the photo vault cannot be used ({type(error).__name__})") from None


def create_bucket(options: BucketOptions) -> BucketPlace:
    """Creates the place with AWS's standard credential rules; connects to nothing yet.

    Raises:
        StartupProblem: No region is known.
    """
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    try:
        client = boto3.session.Session(region_name=options.region).client("s3", config=config)
    except BotoCoreError as error:
        raise StartupProblem(f"the photo vault cannot be used: {error}; set PORTERO_PHOTO_VAULT_REGION") from None
    return BucketPlace(cast("BucketClient", client), options)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
