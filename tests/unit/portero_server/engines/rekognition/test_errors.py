"""Each failure of Rekognition, told apart and translated."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from portero_server.engines.rekognition.errors import (
    AnswerUnreadable,
    CollectionExists,
    CollectionFull,
    CollectionMissing,
    is_no_face,
    is_parameter_refused,
    translated,
)
from portero_server.errors import EngineDenied, EngineError, EngineThrottled, EngineUnavailable


def _fault(code: str, message: str = "", status: int = 400) -> boto.ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(answer, "IndexFaces")  # type: ignore[arg-type]  # the stub asks for all metadata


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (_fault("ProvisionedThroughputExceededException"), EngineThrottled, "ENGINE_THROTTLED"),
        (_fault("ThrottlingException"), EngineThrottled, "ENGINE_THROTTLED"),
        (_fault("ThrottlingException", status=500), EngineThrottled, "ENGINE_THROTTLED"),
        (_fault("LimitExceededException"), EngineThrottled, "ENGINE_THROTTLED"),
        (_fault("InternalServerError", status=500), EngineUnavailable, "ENGINE_UNAVAILABLE"),
        (_fault("InternalServerError", status=400), EngineUnavailable, "ENGINE_UNAVAILABLE"),
        (_fault("502", status=502), EngineUnavailable, "ENGINE_UNAVAILABLE"),
        (_fault("AccessDeniedException"), EngineDenied, "ENGINE_DENIED"),
        (_fault("UnrecognizedClientException"), EngineDenied, "ENGINE_CREDENTIALS"),
        (_fault("ExpiredTokenException"), EngineDenied, "ENGINE_CREDENTIALS"),
        (_fault("InvalidSignatureException"), EngineDenied, "ENGINE_CREDENTIALS"),
        (_fault("ResourceNotFoundException"), CollectionMissing, "COLLECTION_MISSING"),
        (_fault("ResourceAlreadyExistsException"), CollectionExists, "COLLECTION_EXISTS"),
        (_fault("ServiceQuotaExceededException"), CollectionFull, "COLLECTION_FULL"),
        (_fault("ImageTooLargeException"), EngineError, "IMAGE_TOO_LARGE"),
        (_fault("ValidationException", "Value at 'image.bytes' failed"), EngineError, "IMAGE_TOO_LARGE"),
        (_fault("ValidationException", "Value at 'sourceImage.bytes' failed"), EngineError, "IMAGE_TOO_LARGE"),
        (_fault("ValidationException", "Value at 'collectionId' failed"), EngineError, "ENGINE_REFUSED"),
        (_fault("InvalidImageFormatException"), EngineError, "IMAGE_UNREADABLE"),
        (_fault("InvalidParameterException", "Request has invalid parameters"), EngineError, "ENGINE_REFUSED"),
        (_fault("SomethingNewException"), EngineError, "ENGINE_REFUSED"),
        (boto.ReadTimeoutError(endpoint_url="x"), EngineUnavailable, "ENGINE_TIMED_OUT"),
        (boto.ConnectTimeoutError(endpoint_url="x"), EngineUnavailable, "ENGINE_TIMED_OUT"),
        (boto.EndpointConnectionError(endpoint_url="x"), EngineUnavailable, "ENGINE_UNREACHABLE"),
        (boto.ConnectionClosedError(endpoint_url="x"), EngineUnavailable, "ENGINE_UNREACHABLE"),
        (boto.SSLError(endpoint_url="x", error=OSError("y")), EngineUnavailable, "ENGINE_UNREACHABLE"),
        (boto.ProxyConnectionError(proxy_url="x"), EngineUnavailable, "ENGINE_UNREACHABLE"),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), EngineUnavailable, "ENGINE_UNREACHABLE"),
        (ResponseParserError("not parsable"), AnswerUnreadable, "ENGINE_ANSWER_UNREADABLE"),
        (boto.NoCredentialsError(), EngineDenied, "ENGINE_CREDENTIALS"),
        (boto.PartialCredentialsError(provider="x", cred_var="y"), EngineDenied, "ENGINE_CREDENTIALS"),
        (boto.CredentialRetrievalError(provider="x", error_msg="y"), EngineDenied, "ENGINE_CREDENTIALS"),
        (boto.NoRegionError(), EngineDenied, "ENGINE_CREDENTIALS"),
        (boto.ParamValidationError(report="x"), EngineError, "ENGINE_FAILED"),
    ],
)
def test_failures_are_told_apart(fault: Exception, kind: type[EngineError], reason: str) -> None:
    """Every failure becomes the error that says whether and how it can be helped, without Amazon's own text."""
    error = translated(fault, "IndexFaces")

    assert type(error) is kind
    assert error.reason == reason
    assert error.retryable == isinstance(error, EngineThrottled | EngineUnavailable)
    assert str(fault) not in error.message


def test_no_face_is_told_from_other_refused_parameters() -> None:
    """Only Amazon's sentence about missing faces means that there is none; other codes never do."""
    no_face = _fault("InvalidParameterException", "There are no faces in the image. Should be at least 1.")
    other = _fault("InvalidParameterException", "Request has invalid parameters")
    denied = _fault("AccessDeniedException", "no faces for you")

    assert [is_no_face(fault) for fault in (no_face, other, denied)] == [True, False, False]
    assert [is_parameter_refused(fault) for fault in (no_face, other, denied)] == [True, True, False]
