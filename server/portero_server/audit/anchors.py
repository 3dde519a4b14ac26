"""Anchors of the audit trail in S3, each locked until a date that neither this server nor the root user can change.

An anchor is an empty object whose key holds all of it, `PREFIX{count:020}-{digest}`, so that a listing is enough to
read them all. Versions are listed, not objects: a locked version stays when somebody hides it behind a delete marker.
The bucket must have been created with Object Lock: docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from portero_server.clock import Clock
from portero_server.domain.audit.chain import Anchor
from portero_server.errors import StartupProblem, Unavailable

_CONNECT_TIMEOUT = 5.0
_READ_TIMEOUT = 10.0
_KEY = re.compile(r"([0-9]{20})-([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class AnchorOptions:
    """Where and how long anchors are kept.

    Attributes:
        bucket: Name of the bucket, which must have Object Lock.
        prefix: What the key of every anchor begins with.
        days: Days for which nobody can remove an anchor.
        region: Region of the bucket; None: that of the AWS profile or environment.
    """

    bucket: str
    prefix: str
    days: int
    region: str | None = None


class S3Client(Protocol):
    """The methods of boto3's S3 client that are used."""

    def put_object(self, **arguments: Any) -> Any:
        """Stores an object under a key."""
        ...

    def get_paginator(self, operation: str) -> Any:
        """Returns a paginator for a listing operation."""
        ...


class S3Anchors:
    """Stores anchors in S3, and reads them back."""

    def __init__(self, client: S3Client, options: AnchorOptions, clock: Clock) -> None:
        self._client = client
        self._options = options
        self._clock = clock

    async def put(self, anchor: Anchor) -> None:
        """Stores an anchor; storing it again does no harm.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
        await self._ask(self._put, anchor)

    async def known(self) -> Iterable[Anchor]:
        """Returns every anchor, oldest first.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
        found: list[Anchor] = await self._ask(self._list)
        return found

    def _put(self, anchor: Anchor) -> None:
        options = self._options
        self._client.put_object(
            Bucket=options.bucket,
            Key=f"{options.prefix}{anchor.count:020d}-{anchor.digest}",
            Body=b"",
            # S3 refuses a locked object that comes without a checksum.
            ChecksumAlgorithm="SHA256",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=self._clock.now() + timedelta(days=options.days),
        )

    def _list(self) -> list[Anchor]:
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._options.bucket, Prefix=self._options.prefix
        )
        return sorted(set(self._anchors(pages)), key=lambda anchor: anchor.count)

    def _anchors(self, pages: Iterable[Mapping[str, Any]]) -> Iterator[Anchor]:
        for page in pages:
            for version in page.get("Versions", ()):
                if found := _KEY.fullmatch(version["Key"].removeprefix(self._options.prefix)):
                    yield Anchor(int(found[1]), found[2])

    async def _ask(self, call: Any, *arguments: object) -> Any:
        try:
            # One call an interval: the loop's own threads do.
            return await asyncio.to_thread(call, *arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise Unavailable(
                f"the bucket {self._options.bucket} refuses anchors of the audit trail ({code})",
                reason="ANCHOR_REFUSED",
            ) from None
        except BotoCoreError as error:
            raise Unavailable(
                f"the bucket of the audit trail's anchors cannot be used ({type(error).__name__})",
                reason="ANCHOR_UNAVAILABLE",
            ) from None


def create_anchors(options: AnchorOptions, clock: Clock) -> S3Anchors:
    """Creates S3 anchors with AWS's standard credential rules; connects to nothing yet.

    Raises:
        StartupProblem: No region is known.
    """
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    try:
        client = boto3.session.Session(region_name=options.region).client("s3", config=config)
    except BotoCoreError as error:
        raise StartupProblem(f"the audit trail cannot be anchored: {error}; set PORTERO_AUDIT_ANCHOR_REGION") from None
    return S3Anchors(cast("S3Client", client), options, clock)
