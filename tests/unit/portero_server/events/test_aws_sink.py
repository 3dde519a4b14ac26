"""The sinks of AWS: what they take, what they answer, and how a message is sent off the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from portero_server.domain.events.aws_destinations import destination_of
from portero_server.domain.events.delivery import DeliveryResult
from portero_server.domain.events.message import EventMessage, message_of
from portero_server.domain.events.subscriptions import SinkKind
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from portero_server.errors import InvalidInput
from portero_server.events.aws_puts import AWS_PUTS
from portero_server.events.aws_sink import AwsSender, AwsSink, ClientOf, create_client
from portero_server.events.sealed_endpoints import EndpointRules, SealedEndpoints
from portero_server.events.sinks import CheckedDestination, Destination
from portero_server.events.webhook import Sent
from portero_server.vault.sealing import SecretSeal
from tests.support.server.aws_destinations import REGION, new_queue, running_aws
from tests.support.store.sighting_events import NOON, sighting
from tests.support.store.subscriptions import new_subscription

_TAKEN = Sent(DeliveryResult.DELIVERED)
_QUEUE = f"arn:aws:sqs:{REGION}:123456789012:q"


@pytest.fixture
def aws() -> Iterator[None]:
    """Services in memory."""
    with running_aws():
        yield


def _message(position: int) -> EventMessage:
    return message_of(SightingEvent(position, SightingEventKind.STARTED, sighting("s7", "door"), NOON))


def _sender(kind: SinkKind, arn: str, client_of: ClientOf = create_client, timeout: float = 15.0) -> AwsSender:
    return AwsSender(destination_of(arn, kind), AWS_PUTS[kind], timeout, 4, client_of)


def _content(message: EventMessage) -> dict[str, Any]:
    return {"message_id": message.message_id, **message.content}


async def test_a_record_says_after_which_one_of_its_camera_it_comes() -> None:
    """Unless a failure has left that unknown, or it is the first."""
    client: Any = boto3.client("kinesis", region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")
    asked: list[str | None] = []

    def noted(params: Any, **_: Any) -> None:
        asked.append(params.get("SequenceNumberForOrdering"))

    client.meta.events.register("provide-client-params.kinesis.PutRecord", noted)
    with Stubber(client) as stubber:
        for number in ("1", "2", ""):
            if number:
                stubber.add_response("put_record", {"ShardId": "shardId-0", "SequenceNumber": number})
            else:
                stubber.add_client_error("put_record", "InternalFailure", http_status_code=500)
        stubber.add_response("put_record", {"ShardId": "shardId-0", "SequenceNumber": "4"})
        arn = f"arn:aws:kinesis:{REGION}:123456789012:stream/s"
        async with _sender(SinkKind.KINESIS, arn, lambda *_, **__: client) as sender:
            results = [(await sender.send(_message(position))).result for position in (1, 2, 3, 3)]
    delivered, failed = DeliveryResult.DELIVERED, DeliveryResult.FAILED
    assert results == [delivered, delivered, failed, delivered]
    assert asked == [None, "1", "2", None]


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        (SinkKind.SQS, _QUEUE),
        (SinkKind.SNS, f"arn:aws:sns:{REGION}:123456789012:t"),
        (SinkKind.KINESIS, f"arn:aws:kinesis:{REGION}:123456789012:stream/s"),
    ],
)
async def test_a_destination_that_does_not_exist_is_named_as_such(kind: SinkKind, arn: str, aws: None) -> None:
    """It is tried again: somebody may make it."""
    async with _sender(kind, arn) as sender:
        sent = await sender.send(_message(1))
    assert sent.result is DeliveryResult.FAILED
    assert sent.problem.startswith("the destination does not exist (")
    assert sent.status in (400, 404)


@pytest.mark.parametrize(
    ("code", "status", "result", "problem"),
    [
        ("ThrottlingException", 400, DeliveryResult.FAILED, "it is asked too often (ThrottlingException)"),
        ("AccessDenied", 403, DeliveryResult.FAILED, "access denied: the server's role, or the destination's policy, "),
        ("InternalError", 500, DeliveryResult.FAILED, "it failed (InternalError)"),
        ("InvalidParameterValue", 400, DeliveryResult.REFUSED, "it refused the message (InvalidParameterValue)"),
    ],
)
async def test_an_answer_of_aws_is_tried_once_and_told_in_words(
    code: str, status: int, result: DeliveryResult, problem: str
) -> None:
    """AWS's own words, which name accounts and roles, are not told; the relay tries again."""
    client: Any = boto3.client("sqs", region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(client) as stubber:
        stubber.add_client_error("send_message", code, "User: arn:aws:iam::1:role/S3CR3T", http_status_code=status)
        async with _sender(SinkKind.SQS, _QUEUE, lambda *_, **__: client) as sender:
            sent = await sender.send(_message(1))
        stubber.assert_no_pending_responses()
    assert (sent.result, sent.status) == (result, status)
    assert sent.problem.startswith(problem)
    assert "S3CR3T" not in sent.problem


async def test_a_message_that_no_service_takes_is_not_sent(aws: None) -> None:
    """It is refused, with its size."""
    queue, message = new_queue("q"), _message(1)
    message.content["data"]["display_name"] = "x" * 300_000
    async with _sender(SinkKind.SQS, queue.arn) as sender:
        sent = await sender.send(message)
    assert sent.result is DeliveryResult.REFUSED
    assert sent.problem.endswith("bytes, and at most 261120 are sent")
    assert queue.messages() == []


async def test_a_call_that_hangs_is_a_failure_in_time() -> None:
    """It blocks a thread and not the server."""
    ended = Event()

    def hanging(*_: Any, **__: Any) -> Any:
        ended.wait()
        raise OSError

    async with _sender(SinkKind.SQS, _QUEUE, hanging, timeout=0.05) as sender:
        sent = await sender.send(_message(1))
    ended.set()
    assert sent == Sent(DeliveryResult.FAILED, problem="it did not answer within 0.05 s")


async def test_a_client_is_made_without_retries_and_within_the_time(aws: None) -> None:
    """The relay retries."""
    config = create_client("sqs", REGION, 10.0, 3).meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (5.0, 5.0, 3)


def _sink(kind: SinkKind) -> tuple[AwsSink, SealedEndpoints]:
    endpoints = SealedEndpoints(SecretSeal((b"k" * 32,)), EndpointRules((), 10.0))
    return AwsSink(kind, endpoints, 10.0), endpoints


async def test_an_arn_is_shown_as_a_whole() -> None:
    """That of a queue whose URL was given, too."""
    sink, _ = _sink(SinkKind.SQS)
    url = f"https://sqs.{REGION}.amazonaws.com/123456789012/q"
    for text in (_QUEUE, url):
        assert await sink.checked(Destination((text,))) == CheckedDestination(_QUEUE, _QUEUE)
    with pytest.raises(InvalidInput, match="destination must be set"):
        await sink.checked(Destination(("",)))


async def test_what_was_sealed_is_sent_to(aws: None) -> None:
    """By what the kind of the subscription says."""
    sink, endpoints = _sink(SinkKind.SQS)
    queue = new_queue("q")
    sealed, digest = endpoints.sealed_url("s1", queue.arn)
    async with sink.sender(replace(new_subscription(), url=sealed, endpoint=digest, secrets=())) as sender:
        assert await sender.send(_message(1)) == _TAKEN
    assert queue.bodies() == [_content(_message(1))]
