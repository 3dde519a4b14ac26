"""Error responses: the codes, messages and statuses that Rekognition uses."""

from __future__ import annotations


class ApiProblem(Exception):
    """An error response, with Rekognition's code and status.

    Attributes:
        code: As in `__type` ("ThrottlingException").
        message: As Rekognition words it, where that is known.
        status: HTTP status.
        analyzed: Whether the image was analyzed all the same, which is what Amazon charges for.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, analyzed: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.analyzed = analyzed


def no_face() -> ApiProblem:
    """Returns the error of a search in an image without a face."""
    message = "There are no faces in the image. Should be at least 1."
    return ApiProblem("InvalidParameterException", message, analyzed=True)


def invalid_parameters(*, analyzed: bool = False) -> ApiProblem:
    """Returns the error for images under 80 pixels, and for comparisons where one image has no face."""
    return ApiProblem("InvalidParameterException", "Request has invalid parameters", analyzed=analyzed)


def no_collection(collection_id: str) -> ApiProblem:
    """Returns the error for a missing collection."""
    return ApiProblem("ResourceNotFoundException", f"The collection id: {collection_id} does not exist")


def no_user(user_id: str) -> ApiProblem:
    """Returns the error for a missing user of a collection."""
    return ApiProblem("ResourceNotFoundException", f"The user id: {user_id} does not exist")


def internal_error() -> ApiProblem:
    """Returns the error for an internal failure."""
    return ApiProblem("InternalServerError", "Internal server error", status=500)


def invalid_token() -> ApiProblem:
    """Returns the error for a pagination token that this simulator did not issue."""
    return ApiProblem("InvalidPaginationTokenException", "Invalid pagination token")
