"""Validates requests and responses against Rekognition's service model from botocore."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from portero_simulator.constraints import violations
from portero_simulator.problems import ApiProblem

Document = dict[str, Any]
"""A request or an answer as boto3 shows it: blobs are bytes, times are datetimes."""


class AnswerBroken(Exception):
    """A response that Rekognition's model does not allow: a defect of the simulator."""


class RekognitionModel:
    """The JSON 1.1 protocol of one service, from its service model."""

    def __init__(self) -> None:
        # Read the way botocore reads it for a client, so that both always agree.
        self._service = ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")
        self._target = f"{self._service.metadata['targetPrefix']}."

    @property
    def content_type(self) -> str:
        """Content type of requests and answers."""
        return f"application/x-amz-json-{self._service.metadata['jsonVersion']}"

    def operation(self, target: str) -> str:
        """Returns the operation that an X-Amz-Target header names.

        Raises:
            ApiProblem: Rekognition has no such operation.
        """
        name = target.removeprefix(self._target)
        if name == target or name not in self._service.operation_names:
            raise ApiProblem("UnknownOperationException", f"{target or 'no X-Amz-Target'} is not an operation")
        return name

    def read(self, operation: str, body: bytes) -> Document:
        """Parses and validates a request.

        Raises:
            ApiProblem: It is not JSON, or breaks the model: types, required members, lengths, ranges, enums, patterns.
        """
        shape = self._service.operation_model(operation).input_shape
        try:
            document = json.loads(body or b"{}")
        except ValueError:
            raise ApiProblem("SerializationException", "the body is not JSON") from None
        if shape is None or not isinstance(document, dict):
            raise ApiProblem("SerializationException", "the body is not a JSON object")
        request = cast("Document", _decoded(document, shape))
        problems = _broken(request, shape)
        if problems:
            plural = "error" if len(problems) == 1 else "errors"
            found = f"{len(problems)} validation {plural} detected: {'; '.join(problems)}"
            raise ApiProblem("ValidationException", found)
        return request

    def write(self, operation: str, answer: Document) -> bytes:
        """Validates and encodes a response.

        Raises:
            AnswerBroken: The model does not allow it.
        """
        shape = self._service.operation_model(operation).output_shape
        problems = _broken(answer, shape) if shape is not None else []
        if problems:
            raise AnswerBroken(f"{operation}: {'; '.join(problems)}")
        return json.dumps(answer, default=_encoded).encode()


def _broken(document: Document, shape: Shape) -> list[str]:
    # botocore checks types, required members and minima; what it leaves to the service is ours to check.
    report = ParamValidator().validate(document, shape)
    if report.has_errors():
        return str(report.generate_report()).splitlines()
    return list(violations(document, shape))


def _decoded(value: object, shape: Shape) -> object:
    """Returns a JSON value as boto3 would show it; values of wrong types are left for the validator to name."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        # JSON 1.1 takes null for a member that is not there.
        return {
            name: _decoded(member, shape.members[name]) if name in shape.members else member
            for name, member in value.items()
            if member is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_decoded(member, shape.member) for member in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {name: _decoded(member, shape.value) for name, member in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            raise ApiProblem("SerializationException", "a blob is not base64") from None
    return value


def _encoded(value: object) -> float | str:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no place in an answer")
