"""A vault in S3, against botocore's own model of its requests and answers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NoReturn, cast
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.parsers import ResponseParserError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from portero_server.errors import StartupProblem
from portero_server.vault.bucket import BucketClient, BucketOptions, BucketPlace, create_bucket
from portero_server.vault.place import SNAPSHOTS, VaultUnavailable

NAME, OTHER = "0a" * 16, "ff" * 16
OBJECT = {"Bucket": "photos", "Key": f"vault/{NAME}"}


@pytest.fixture
def s3() -> Iterator[tuple[BucketPlace, Stubber]]:
    """A place in a bucket whose answers the test says beforehand."""
    client: Any = boto3.client("s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(client) as stubber:
        yield BucketPlace(cast("BucketClient", client), BucketOptions("photos", "vault/")), stubber
        stubber.assert_no_pending_responses()


def test_objects_come_and_go(s3: tuple[BucketPlace, Stubber]) -> None:
    """An object is put under prefix and name, read, and deleted; one that is not there is none."""
    place, stubber = s3
    stubber.add_response("put_object", {}, {**OBJECT, "Body": b"x", "ContentType": "application/octet-stream"})
    stubber.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"x"), 1)}, OBJECT)
    stubber.add_client_error("get_object", "NoSuchKey", http_status_code=404, expected_params=OBJECT)
    stubber.add_response("delete_object", {}, OBJECT)
    place.put(NAME, b"x")
    assert place.get(NAME) == b"x"
    assert place.get(NAME) is None
    place.delete(NAME)


def test_all_pages_are_listed(s3: tuple[BucketPlace, Stubber]) -> None:
    """Objects of all pages are named; what else lies below the prefix is not."""
    place, stubber = s3
    asked = {"Bucket": "photos", "Prefix": "vault/"}
    first = {"IsTruncated": True, "NextContinuationToken": "t", "Contents": [{"Key": f"vault/{NAME}"}]}
    last = {"IsTruncated": False, "Contents": [{"Key": "vault/readme.txt"}, {"Key": f"vault/{OTHER}"}]}
    stubber.add_response("list_objects_v2", first, asked)
    stubber.add_response("list_objects_v2", last, {**asked, "ContinuationToken": "t"})
    assert list(place.names()) == [NAME, OTHER]


def test_a_bucket_that_keeps_versions_is_refused(s3: tuple[BucketPlace, Stubber]) -> None:
    """At the start it ends the start; where that cannot be seen, a photo that is only hidden is not deleted."""
    place, stubber = s3
    stubber.add_response("get_bucket_versioning", {}, {"Bucket": "photos"})
    place.check()
    stubber.add_response("get_bucket_versioning", {"Status": "Enabled"}, {"Bucket": "photos"})
    with pytest.raises(StartupProblem, match="keeps versions"):
        place.check()
    stubber.add_client_error("get_bucket_versioning", "AccessDenied", http_status_code=403)
    place.check()
    stubber.add_response("delete_object", {"DeleteMarker": True, "VersionId": "v1"}, OBJECT)
    with pytest.raises(VaultUnavailable) as caught:
        place.delete(NAME)
    assert caught.value.reason == "VAULT_KEEPS_VERSIONS"


def test_a_bucket_that_refuses_is_named(s3: tuple[BucketPlace, Stubber]) -> None:
    """What S3 refuses comes with AWS's code, whichever operation it was."""
    place, stubber = s3
    for operation in ("put_object", "get_object", "delete_object", "list_objects_v2"):
        stubber.add_client_error(operation, "AccessDenied", http_status_code=403)
    asks = (lambda: place.put(NAME, b"x"), lambda: place.get(NAME), lambda: place.delete(NAME), lambda: place.names())
    for ask in asks:
        with pytest.raises(VaultUnavailable, match=r"photos.*AccessDenied"):
            ask()


def test_s3_out_of_reach_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """When S3 cannot be reached at all, that is said without the inside of the library; a bad region ends the start."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setattr("portero_server.vault.bucket._ATTEMPTS", 1)
    with pytest.raises(VaultUnavailable, match="EndpointConnectionError"):
        create_bucket(BucketOptions("photos", "", "us-east-1")).get(NAME)
    with pytest.raises(StartupProblem, match="PORTERO_PHOTO_VAULT_REGION"):
        create_bucket(BucketOptions("photos", "", "no region/"))


@pytest.mark.parametrize("fault", [ResponseParserError("no XML"), KeyError("Contents"), TypeError("None")])
def test_what_answers_and_is_no_s3_is_unavailable(s3: tuple[BucketPlace, Stubber], fault: Exception) -> None:
    """A proxy's page in place of an answer ends no server."""
    bucket, _ = s3

    def misread(**_: object) -> NoReturn:
        raise fault

    bucket._client.delete_object = misread  # type: ignore[method-assign]
    with pytest.raises(VaultUnavailable, match=type(fault).__name__):
        bucket.delete(NAME)


def test_snapshots_are_encrypted_by_kms_and_linked_to() -> None:
    """Each is put with the key; a link is signed for that object and time, by signature 4, which KMS asks for."""
    key = "arn:aws:kms:us-east-1:111122223333:key/k"
    options = BucketOptions(
        "pictures",
        "snapshots/",
        "us-east-1",
        content_type="image/jpeg",
        encryption={"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key},
        words=SNAPSHOTS,
    )
    config = Config(signature_version="s3v4")
    client: Any = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none", config=config
    )
    place = BucketPlace(cast("BucketClient", client), options)
    with Stubber(client) as stubber:
        put = {"Bucket": "pictures", "Key": f"snapshots/{NAME}", "Body": b"x", "ContentType": "image/jpeg"}
        stubber.add_response("put_object", {}, {**put, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key})
        stubber.add_client_error("put_object", "AccessDenied", http_status_code=403)
        place.put(NAME, b"x")
        with pytest.raises(VaultUnavailable, match="of the snapshots refuses"):
            place.put(NAME, b"x")
        stubber.add_response("get_bucket_versioning", {"Status": "Suspended"}, {"Bucket": "pictures"})
        with pytest.raises(StartupProblem, match=r"PORTERO_SNAPSHOTS: .* deleted snapshots would stay"):
            place.check()
    link = urlsplit(place.link(NAME, 90))
    asked = parse_qs(link.query)
    assert (link.scheme, link.path.rpartition("/")[2]) == ("https", NAME)
    assert (asked["X-Amz-Expires"], asked["X-Amz-Algorithm"]) == (["90"], ["AWS4-HMAC-SHA256"])


def test_the_client_that_is_made_signs_links_by_signature_4(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is not the default in the oldest region."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    assert "X-Amz-Signature=" in create_bucket(BucketOptions("pictures", "", "us-east-1")).link(NAME, 60)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(VaultUnavailable, match="NoCredentialsError"):
        create_bucket(BucketOptions("pictures", "", "us-east-1")).link(NAME, 60)
