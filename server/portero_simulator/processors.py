"""Stream processors, in memory. They are described and listed, and process nothing: there is no video here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portero_simulator.model import Document
from portero_simulator.problems import ApiProblem

_TOLD = ("Name", "Input", "Output", "RoleArn", "Settings", "NotificationChannel", "KmsKeyId", "RegionsOfInterest")


@dataclass(frozen=True, slots=True)
class StreamProcessor:
    """A stream processor as it was created."""

    arn: str
    created_at: datetime
    request: Document

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.request["Name"])

    def described(self) -> dict[str, Any]:
        """Returns what DescribeStreamProcessor tells; only what was set is told."""
        told = {name: self.request[name] for name in (*_TOLD, "DataSharingPreference") if name in self.request}
        moments = dict.fromkeys(("CreationTimestamp", "LastUpdateTimestamp"), self.created_at)
        return {"StreamProcessorArn": self.arn, "Status": "STOPPED", **moments, **told}


class StreamProcessors:
    """The stream processors of the account."""

    def __init__(self) -> None:
        self._by_name: dict[str, StreamProcessor] = {}

    def create(self, request: Document, region: str, now: datetime) -> StreamProcessor:
        """Creates a stream processor, which is stopped.

        Raises:
            ApiProblem: There is one of this name, or it searches neither for faces nor for labels, or for both.
        """
        name = str(request["Name"])
        if name in self._by_name:
            raise ApiProblem("ResourceInUseException", f"Stream processor {name} already exists")
        if len(request["Settings"]) != 1:
            raise ApiProblem("InvalidParameterException", "Request has invalid parameters")
        arn = f"arn:aws:rekognition:{region}:123456789012:streamprocessor/{name}"
        self._by_name[name] = processor = StreamProcessor(arn, now, request)
        return processor

    def get(self, name: str) -> StreamProcessor:
        """Returns a stream processor.

        Raises:
            ApiProblem: There is none of this name.
        """
        if (processor := self._by_name.get(name)) is None:
            raise ApiProblem("ResourceNotFoundException", f"Stream processor {name} does not exist")
        return processor

    def all(self) -> Sequence[StreamProcessor]:
        """Returns all, by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]

    def delete(self, name: str) -> None:
        """Deletes a stream processor. Raises ApiProblem if there is none of this name."""
        del self._by_name[self.get(name).name]
