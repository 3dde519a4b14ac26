"""The signature of a request. It is parsed but not verified: any access key and secret are accepted."""

from __future__ import annotations

import re

from portero_simulator.problems import ApiProblem

_SIGNATURE_V4 = re.compile(
    r"AWS4-HMAC-SHA256\s+"
    r"Credential=[^/,\s]+/\d{8}/[^/,\s]+/(?P<service>[^/,\s]+)/aws4_request,\s*"
    r"SignedHeaders=[^,\s]+,\s*Signature=[0-9a-f]{64}"
)


def check_signature(authorization: str | None) -> None:
    """Checks that a request carries a signature of version 4 for this service.

    Raises:
        ApiProblem: It is missing, of another form, or meant for another service.
    """
    if not authorization:
        raise ApiProblem("MissingAuthenticationTokenException", "Missing Authentication Token")
    match = _SIGNATURE_V4.fullmatch(authorization.strip())
    if match is None:
        raise ApiProblem("IncompleteSignatureException", "Authorization is not a signature of version 4")
    if match["service"] != "rekognition":
        raise ApiProblem("InvalidSignatureException", "Credential should be scoped to correct service: 'rekognition'.")
