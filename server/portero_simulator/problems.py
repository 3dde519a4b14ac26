"""What the simulator refuses with: the codes, messages and statuses that Rekognition gives."""

from __future__ import annotations


class ApiProblem(Exception):
    """An error answer.

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
    """A search in an image without a face."""
    message = "There are no faces in the image. Should be at least 1."
    return ApiProblem("InvalidParameterException", message, analyzed=True)


def invalid_parameters(*, analyzed: bool = False) -> ApiProblem:
    """What Rekognition says of images under 80 pixels, and of comparisons where one image has no face."""
    return ApiProblem("InvalidParameterException", "Request has invalid parameters", analyzed=analyzed)


def no_collection(collection_id: str) -> ApiProblem:
    """The collection does not exist."""
    return ApiProblem("ResourceNotFoundException", f"The collection id: {collection_id} does not exist")


def internal_error() -> ApiProblem:
    """The service failed."""
    return ApiProblem("InternalServerError", "Internal server error", status=500)


def invalid_token() -> ApiProblem:
    """A pagination token that this simulator did not give."""
    return ApiProblem("InvalidPaginationTokenException", "Invalid pagination token")
