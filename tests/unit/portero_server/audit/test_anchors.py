"""Anchors in S3, against botocore's own model of its requests and answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from portero_server.audit.anchors import AnchorOptions, S3Anchors, S3Client, create_anchors
from portero_server.domain.audit.chain import Anchor
from portero_server.errors import StartupProblem, Unavailable
from tests.support.time.virtual_time import ManualClock

OPTIONS = AnchorOptions("locked-bucket", "audit/", 400)
ANCHOR = Anchor(42, "ab" * 32)


@pytest.fixture
def s3() -> Iterator[tuple[S3Anchors, Stubber]]:
    """Anchors in a bucket whose answers the test says beforehand."""
    client: Any = boto3.client("s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(client) as stubber:
        yield S3Anchors(cast("S3Client", client), OPTIONS, ManualClock()), stubber
        stubber.assert_no_pending_responses()


async def test_an_anchor_is_locked_until_a_date(s3: tuple[S3Anchors, Stubber]) -> None:
    """An anchor's key says everything, and it is put in compliance mode for as many days as are set."""
    anchors, stubber = s3
    expected = {
        "Bucket": "locked-bucket",
        "Key": f"audit/{42:020d}-{'ab' * 32}",
        "Body": b"",
        "ChecksumAlgorithm": "SHA256",
        "ObjectLockMode": "COMPLIANCE",
        "ObjectLockRetainUntilDate": ManualClock().now() + timedelta(days=400),
    }
    stubber.add_response("put_object", {}, expected)
    await anchors.put(ANCHOR)


async def test_all_versions_are_read_back(s3: tuple[S3Anchors, Stubber]) -> None:
    """Anchors of all pages come back, each once, also those behind a delete marker; other objects do not."""
    anchors, stubber = s3
    key = f"audit/{42:020d}-{'ab' * 32}"
    asked = {"Bucket": "locked-bucket", "Prefix": "audit/"}
    stubber.add_response(
        "list_object_versions",
        {
            "IsTruncated": True,
            "NextKeyMarker": key,
            "NextVersionIdMarker": "v1",
            "Versions": [{"Key": key}, {"Key": key}, {"Key": "audit/readme.txt"}],
            "DeleteMarkers": [{"Key": key, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}],
        },
        asked,
    )
    stubber.add_response(
        "list_object_versions",
        {"IsTruncated": False, "Versions": [{"Key": f"audit/{7:020d}-{'cd' * 32}"}]},
        {**asked, "KeyMarker": key, "VersionIdMarker": "v1"},
    )
    assert list(await anchors.known()) == [Anchor(7, "cd" * 32), ANCHOR]


async def test_a_bucket_that_refuses_is_named(s3: tuple[S3Anchors, Stubber]) -> None:
    """A bucket without Object Lock, or without rights to it, is an error with AWS's code."""
    anchors, stubber = s3
    stubber.add_client_error("put_object", "InvalidRequest", http_status_code=400)
    stubber.add_client_error("list_object_versions", "AccessDenied", http_status_code=403)
    with pytest.raises(Unavailable, match=r"locked-bucket.*InvalidRequest"):
        await anchors.put(ANCHOR)
    with pytest.raises(Unavailable, match="AccessDenied"):
        await anchors.known()


async def test_s3_out_of_reach_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """When S3 cannot be reached at all, that is said without the inside of the library."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    anchors = create_anchors(AnchorOptions("b", "", 1, "us-east-1"), ManualClock())
    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        await anchors.put(ANCHOR)


def test_a_region_is_needed_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A malformed region ends the start with the setting's name."""
    with pytest.raises(StartupProblem, match="PORTERO_AUDIT_ANCHOR_REGION"):
        create_anchors(AnchorOptions("b", "", 1, "no region/"), ManualClock())
