"""Translates Rekognition's errors; the only module that knows botocore's exceptions."""

from __future__ import annotations

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from portero_server.errors import EngineDenied, EngineError, EngineThrottled, EngineUnavailable

_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_FAILED = frozenset({"InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException"})
_UNKNOWN_CALLER = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "OptInRequired", "SubscriptionRequiredException"})
_NO_CREDENTIALS = (
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.NoAuthTokenError,
    boto.NoCredentialsError,
    boto.NoRegionError,
    boto.PartialCredentialsError,
    boto.SSOError,
    boto.TokenRetrievalError,
)

VENDOR_FAULTS = (boto.BotoCoreError, boto.ClientError, ResponseParserError)
"""Everything a call through boto3 raises for reasons outside this program."""


class CollectionMissing(EngineDenied):
    """The collection does not exist in this account and region."""

    reason = "COLLECTION_MISSING"


class CollectionExists(EngineError):
    """The collection to create exists already: another process was faster."""

    reason = "COLLECTION_EXISTS"


class CollectionFull(EngineError):
    """The collection, or a user of it, has as many faces as it may have."""

    reason = "COLLECTION_FULL"


class AnswerUnreadable(EngineUnavailable):
    """The response lacks what Rekognition's model promises; botocore does not check that."""

    reason = "ENGINE_ANSWER_UNREADABLE"

    def __init__(self, operation: str) -> None:
        super().__init__(f"Amazon Rekognition's answer to {operation} could not be read")


def is_parameter_refused(fault: boto.ClientError) -> bool:
    """Returns whether a parameter was refused: all that CompareFaces reports if one of its images has no face."""
    return _code(fault) == "InvalidParameterException"


def is_conflict(fault: boto.ClientError) -> bool:
    """Returns whether CreateUser finds the user there already, or another request is changing it."""
    return _code(fault) == "ConflictException"


def is_user_missing(fault: boto.ClientError) -> bool:
    """Returns whether there is no such user: somebody deleted it, and its faces belong to nobody."""
    return _code(fault) == "ResourceNotFoundException" and "user" in _message(fault).lower()


def is_user_changed(fault: boto.ClientError) -> bool:
    """Returns whether another request has deleted the user, or is changing it."""
    return is_user_missing(fault) or is_conflict(fault)


def is_no_face(fault: boto.ClientError) -> bool:
    """Returns whether SearchFacesByImage reports an image without a face, which is an answer and not a fault."""
    return is_parameter_refused(fault) and "no faces" in _message(fault).lower()


def translated(fault: Exception, operation: str) -> EngineError:
    """Returns our error for one of VENDOR_FAULTS.

    Args:
        fault: What boto3 raised.
        operation: As the vendor calls it ("IndexFaces"); named in the message.
    """
    if isinstance(fault, boto.ClientError):
        return _from_answer(fault, operation)
    if isinstance(fault, _NO_CREDENTIALS):
        return EngineDenied(
            "no usable AWS credentials or region; set a profile, a role or AWS_ACCESS_KEY_ID, and a region",
            reason="ENGINE_CREDENTIALS",
        )
    if isinstance(fault, boto.ReadTimeoutError | boto.ConnectTimeoutError):
        return EngineUnavailable(f"Amazon Rekognition did not answer {operation} in time", reason="ENGINE_TIMED_OUT")
    if isinstance(fault, ResponseParserError):
        return AnswerUnreadable(operation)
    if isinstance(fault, boto.ConnectionError | boto.HTTPClientError | boto.IncompleteReadError):
        return EngineUnavailable(
            f"the connection to Amazon Rekognition failed in {operation}", reason="ENGINE_UNREACHABLE"
        )
    return EngineError(f"{operation} could not be sent to Amazon Rekognition ({type(fault).__name__})")


def _from_answer(fault: boto.ClientError, operation: str) -> EngineError:
    code = _code(fault)
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # Throttling comes with 400 and with 500, so the code decides before the status does.
    if code in _THROTTLED:
        return EngineThrottled(f"Amazon Rekognition throttles {operation}")
    if code in _FAILED or status >= 500:
        return EngineUnavailable(f"Amazon Rekognition failed in {operation}")
    if code in _UNKNOWN_CALLER:
        return EngineDenied(
            "AWS does not accept the credentials; check the profile or role", reason="ENGINE_CREDENTIALS"
        )
    if code in _FORBIDDEN:
        return EngineDenied(f"these AWS credentials may not call rekognition:{operation}; extend their policy")
    if code == "ResourceNotFoundException":
        return CollectionMissing(
            "the Rekognition collection does not exist in this account and region; `portero faces repair` creates it"
        )
    if code == "ResourceAlreadyExistsException":
        return CollectionExists("the Rekognition collection exists already")
    if code == "ServiceQuotaExceededException":
        return CollectionFull("the Rekognition collection is full")
    return _from_refusal(code, _message(fault), operation)


def _from_refusal(code: str, message: str, operation: str) -> EngineError:
    # Oversized inline images are refused by the request's validation; ImageTooLargeException
    # is what images in S3 get.
    oversized = code == "ValidationException" and "image.bytes" in message.replace("Image.bytes", "image.bytes")
    if oversized or code == "ImageTooLargeException":
        return EngineError("the image is larger than Amazon Rekognition takes: 5 MiB", reason="IMAGE_TOO_LARGE")
    if code == "InvalidImageFormatException":
        return EngineError("Amazon Rekognition cannot read the image; it takes JPEG and PNG", reason="IMAGE_UNREADABLE")
    return EngineError(f"Amazon Rekognition refuses {operation} ({code or 'no code'})", reason="ENGINE_REFUSED")


def _code(fault: boto.ClientError) -> str:
    return str(fault.response.get("Error", {}).get("Code", ""))


def _message(fault: boto.ClientError) -> str:
    return str(fault.response.get("Error", {}).get("Message", ""))


def first_of(failures: BaseExceptionGroup[EngineError]) -> EngineError:
    """Returns the error to report to the caller if several calls for one image failed."""
    first = failures.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
