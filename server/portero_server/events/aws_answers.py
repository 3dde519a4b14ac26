"""What boto3 raises when a message is not taken, as the answer of a destination: in words without account or key."""

from __future__ import annotations

import re

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from portero_server.domain.events.delivery import DeliveryResult
from portero_server.events.webhook import Sent

_UNREADABLE = (ResponseParserError, AttributeError, LookupError, TypeError)
"""What botocore raises for an answer of the wrong form."""
FAULTS = (boto.BotoCoreError, boto.ClientError, OSError, ValueError, *_UNREADABLE)
"""Everything a call raises for reasons outside this program; ValueError: a variable's endpoint is no URL."""
_CODE = re.compile(r"[A-Za-z0-9.]{1,80}")
_DENIED = re.compile(r"AccessDenied|AuthorizationError|NotAuthorized|Forbidden|OptInRequired")
_CALLER = re.compile(
    r"ExpiredToken|UnrecognizedClient|InvalidClientTokenId|Signature|MissingAuthenticationToken|InvalidAccess"
)
_MISSING = re.compile(r"NonExistentQueue|QueueDoesNotExist|NotFound")
_THROTTLED = re.compile(r"Throttl|Throughput|LimitExceeded|TooManyRequests|SlowDown|OverLimit")
# Said of a message, not of a destination: trying it again for days would hold up all others.
_REFUSED = re.compile(
    r"InvalidMessageContents|InvalidParameter|ParameterValueInvalid|InvalidArgument|ValidationException|ValidationError"
    r"|TooLong|TooLarge|MalformedDetail"
)
_NO_CREDENTIALS = (
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.NoAuthTokenError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.SSOError,
    boto.TokenRetrievalError,
)


def sent_of(fault: BaseException, action: str) -> Sent:
    """Returns what became of a message whose call raised one of FAULTS.

    Args:
        fault: What was raised.
        action: What IAM must allow for the call.
    """
    if isinstance(fault, boto.ClientError):
        return _answered(fault, action)
    if isinstance(fault, _NO_CREDENTIALS):
        return _failed("the server has no AWS credentials: set a profile, a role or AWS_ACCESS_KEY_ID")
    if isinstance(fault, boto.ConnectTimeoutError | boto.ReadTimeoutError):
        return _failed("it did not answer in time")
    if isinstance(fault, boto.HTTPClientError | boto.ConnectionError | OSError):
        return _failed("it cannot be reached")
    if isinstance(fault, _UNREADABLE):
        return _failed("its answer cannot be read")
    return _failed(f"the AWS configuration of the server cannot be used ({type(fault).__name__})")


def _answered(fault: boto.ClientError, action: str) -> Sent:
    code, status = str(fault.response.get("Error", {}).get("Code", "")), _status(fault)
    # AWS's own words name accounts, roles and keys; its code is one of a documented few.
    shown = code if _CODE.fullmatch(code) else "no known code"
    if _THROTTLED.search(code) or status == 429:
        return _failed(f"it is asked too often ({shown})", status)
    if _DENIED.search(code):
        return _failed(
            f"access denied: the server's role, or the destination's policy, does not allow {action}", status
        )
    if _MISSING.search(code):
        return _failed(f"the destination does not exist ({shown})", status)
    if _CALLER.search(code):
        return _failed(f"the server's AWS credentials are not accepted ({shown})", status)
    if status is not None and status < 500 and (_REFUSED.search(code) or status == 413):
        return Sent(DeliveryResult.REFUSED, status, f"it refused the message ({shown})")
    return _failed(f"it failed ({shown})", status)


def _status(fault: boto.ClientError) -> int | None:
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else None


def _failed(problem: str, status: int | None = None) -> Sent:
    return Sent(DeliveryResult.FAILED, status, problem)
