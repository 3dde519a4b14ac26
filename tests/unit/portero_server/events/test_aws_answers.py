"""What is told of a call that AWS did not take."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from portero_server.domain.events.delivery import DeliveryResult
from portero_server.events.aws_answers import FAULTS, sent_of
from portero_server.events.webhook import Sent

_FAILED, _REFUSED = DeliveryResult.FAILED, DeliveryResult.REFUSED


@pytest.mark.parametrize(
    ("code", "status", "result", "problem"),
    [
        ("AccessDeniedException", 400, _FAILED, "access denied"),
        ("AuthorizationError", 403, _FAILED, "access denied"),
        ("KMSAccessDeniedException", 400, _FAILED, "access denied"),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, _FAILED, "the destination does not exist"),
        ("NotFound", 404, _FAILED, "the destination does not exist"),
        ("ResourceNotFoundException", 400, _FAILED, "the destination does not exist"),
        ("ProvisionedThroughputExceededException", 400, _FAILED, "it is asked too often"),
        ("RequestThrottled", 403, _FAILED, "it is asked too often"),
        ("OverLimit", 403, _FAILED, "it is asked too often"),
        ("", 429, _FAILED, "it is asked too often (no known code)"),
        ("ExpiredTokenException", 403, _FAILED, "the server's AWS credentials are not accepted"),
        ("InvalidClientTokenId", 403, _FAILED, "the server's AWS credentials are not accepted"),
        ("InternalFailure", 500, _FAILED, "it failed (InternalFailure)"),
        ("InvalidParameterValue", 500, _FAILED, "it failed"),
        ("a code with S3CR3T", 400, _FAILED, "it failed (no known code)"),
        ("InvalidMessageContents", 400, _REFUSED, "it refused the message"),
        ("InvalidArgumentException", 400, _REFUSED, "it refused the message"),
        ("RequestEntityTooLarge", 413, _REFUSED, "it refused the message"),
    ],
)
def test_the_code_of_aws_says_what_became_of_a_message(
    code: str, status: int, result: DeliveryResult, problem: str
) -> None:
    """Only what is said of the message is a refusal; AWS's words are not repeated."""
    response = {"Error": {"Code": code, "Message": "arn:aws:iam::1:role/S3CR3T"}}
    fault = boto.ClientError({**response, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendMessage")  # type: ignore[typeddict-item]
    sent = sent_of(fault, "sqs:SendMessage")
    assert (sent.result, sent.status) == (result, status)
    assert sent.problem.startswith(problem)
    assert "S3CR3T" not in sent.problem


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (boto.NoCredentialsError(), "the server has no AWS credentials: set a profile, a role or AWS_ACCESS_KEY_ID"),
        (boto.ReadTimeoutError(endpoint_url="https://S3CR3T"), "it did not answer in time"),
        (boto.ConnectTimeoutError(endpoint_url="https://S3CR3T"), "it did not answer in time"),
        (boto.EndpointConnectionError(endpoint_url="https://S3CR3T"), "it cannot be reached"),
        (ResponseParserError("S3CR3T"), "its answer cannot be read"),
        (KeyError("S3CR3T"), "its answer cannot be read"),
        (
            boto.ProfileNotFound(profile="S3CR3T"),
            "the AWS configuration of the server cannot be used (ProfileNotFound)",
        ),
        (ValueError("S3CR3T"), "the AWS configuration of the server cannot be used (ValueError)"),
    ],
)
def test_what_is_wrong_on_the_way_is_told_without_places(fault: Exception, problem: str) -> None:
    """It is tried again."""
    assert isinstance(fault, FAULTS)
    assert sent_of(fault, "sqs:SendMessage") == Sent(_FAILED, problem=problem)
