"""What a stream processor may be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portero_simulator.problems import ApiProblem
from portero_simulator.processors import StreamProcessors
from tests.support.client.stream_processors import request_of

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_LABELS = {"ConnectedHome": {"Labels": ["PERSON"]}}


@pytest.mark.parametrize("settings", [{}, request_of()["Settings"] | _LABELS])
def test_a_stream_processor_searches_for_one_thing(settings: dict[str, Any]) -> None:
    """Neither for nothing nor for faces and labels at once."""
    with pytest.raises(ApiProblem) as refused:
        StreamProcessors().create(request_of(Settings=settings), "us-east-1", _NOON)
    assert refused.value.code == "InvalidParameterException"


def test_only_what_was_set_is_told() -> None:
    """With name, ARN, status and times."""
    made = StreamProcessors().create(request_of("lobby"), "us-east-1", _NOON)
    told = made.described()
    assert told["StreamProcessorArn"] == "arn:aws:rekognition:us-east-1:123456789012:streamprocessor/lobby"
    assert (told["Status"], told["CreationTimestamp"], told["Settings"]) == (
        "STOPPED",
        _NOON,
        request_of()["Settings"],
    )
    assert "KmsKeyId" not in told
