"""Errors as CompreFace tells them: a code of its table, and one sentence."""

from __future__ import annotations

from enum import IntEnum
from http import HTTPStatus

from portero_client import AlreadyExists, InvalidArgument, NotFound, PorteroError, Unauthenticated
from portero_console.problems import Problem, problem_from


class Code(IntEnum):
    """Codes of CompreFace's errors, by the names of its table (`CommonExceptionCode`)."""

    UNDEFINED = 0
    MODEL_NOT_FOUND = 10
    INCORRECT_PREDICTION_COUNT = 12
    MISSING_REQUEST_HEADER = 20
    UNAVAILABLE_FILE_EXTENSION = 21
    VALIDATION_CONSTRAINT_VIOLATION = 26
    NO_FACES_FOUND = 28
    TOO_MANY_FACES = 31
    MISSING_REQUEST_PARAMETER = 33
    MISSING_REQUEST_PART = 34
    INCORRECT_ARGUMENT = 36
    FACES_SERVICE_EXCEPTION = 41
    SUBJECT_NOT_FOUND = 42
    SUBJECT_ALREADY_EXISTS = 43
    EMBEDDING_NOT_FOUND = 44


NO_FACE = "No face is found in the given image"
"""Programs look for these very words, or for the code."""

_IMAGE_REASONS = {
    "NO_FACE": (Code.NO_FACES_FOUND, NO_FACE),
    "SEVERAL_FACES": (Code.TOO_MANY_FACES, "More than one face in the source image"),
    "NOT_AN_IMAGE": (Code.UNAVAILABLE_FILE_EXTENSION, ""),
}


class CompreFaceError(Exception):
    """An answer other than what was asked for.

    Attributes:
        code: What went wrong, for programs.
        message: The same for people.
        status: Of the answer.
        retry_after: Seconds after which to try again, if that helps.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after


def no_face() -> CompreFaceError:
    """Returns the error of a photo without a face."""
    return CompreFaceError(Code.NO_FACES_FOUND, NO_FACE)


def subject_not_found(subject: str) -> CompreFaceError:
    """Returns the error of a subject that there is not."""
    return CompreFaceError(Code.SUBJECT_NOT_FOUND, f"Subject {subject[:200]} not found", HTTPStatus.NOT_FOUND)


def image_not_found(image_id: str) -> CompreFaceError:
    """Returns the error of an example that there is not."""
    return CompreFaceError(Code.EMBEDDING_NOT_FOUND, f"Image {image_id[:200]} not found", HTTPStatus.NOT_FOUND)


def error_from(error: PorteroError) -> CompreFaceError:
    """Returns the answer for what the SDK raised."""
    if isinstance(error, Unauthenticated) or error.reason == "MALFORMED_TOKEN":
        # Without the key, which CompreFace repeats.
        return CompreFaceError(Code.MODEL_NOT_FOUND, "Service with this API key not found", HTTPStatus.UNAUTHORIZED)
    if isinstance(error, InvalidArgument):
        code, message = _IMAGE_REASONS.get(error.reason, (Code.INCORRECT_ARGUMENT, ""))
        return CompreFaceError(code, message or error.message)
    if isinstance(error, AlreadyExists):
        return CompreFaceError(Code.SUBJECT_ALREADY_EXISTS, "Subject already exists")
    if isinstance(error, NotFound):
        code = Code.EMBEDDING_NOT_FOUND if "/faces/" in error.resource else Code.SUBJECT_NOT_FOUND
        return CompreFaceError(code, error.message, HTTPStatus.NOT_FOUND)
    return error_of(problem_from(error))


def error_of(problem: Problem) -> CompreFaceError:
    """Returns the answer for one of the console's own problems."""
    document = problem.document
    status = HTTPStatus(document.status)
    code = Code.FACES_SERVICE_EXCEPTION if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Code.UNDEFINED
    return CompreFaceError(code, document.detail, status, retry_after=document.retry_after)
