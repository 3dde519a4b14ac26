"""The one call by which each AWS service takes a message. They block: run them in a thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from portero_server.domain.events.aws_destinations import AwsDestination
from portero_server.domain.events.message import TEST_ID, EventMessage
from portero_server.domain.events.stream_processor import stream_processor_record, trial_record
from portero_server.domain.events.subscriptions import SinkKind

_SOURCE = "portero"
_OF_NO_CAMERA = "attendance"
"""The group, or the partition, of messages that are of no camera: notices of attendance, and those sent to try."""


@dataclass(frozen=True, slots=True)
class AwsPut:
    """How one kind of destination takes messages.

    Attributes:
        service: As boto3 calls it.
        action: As IAM calls it.
        body: Returns what is sent: JSON in ASCII, since SQS and SNS do not take every letter as it is.
        put: Sends a body by a client of the service, after the message of the same camera whose number it got before;
            empty: it got none. Returns the number of this one, or empty. Raises what boto3 raises.
    """

    service: str
    action: str
    body: Callable[[EventMessage], str]
    put: Callable[[Any, AwsDestination, EventMessage, str, str], str]


def group_of(message: EventMessage) -> str:
    """Returns in what the order holds: the camera, or else all that is of none."""
    return message.event.sighting.camera_id if message.event is not None else _OF_NO_CAMERA


def _event_body(message: EventMessage) -> str:
    return _text({"message_id": message.message_id, **message.content})


def _record_body(message: EventMessage) -> str:
    if message.event is None:
        return _text(trial_record(datetime.fromisoformat(message.content["timestamp"])))
    return _text(stream_processor_record(message.event))


def _send_message(client: Any, destination: AwsDestination, message: EventMessage, body: str, after: str) -> str:
    client.send_message(
        # The URL follows from the ARN, so that nobody needs the permission to look it up.
        QueueUrl=f"{client.meta.endpoint_url}/{destination.account}/{destination.name}",
        MessageBody=body,
        MessageAttributes=_attributes(message),
        **_order(destination, message),
    )
    return ""


def _publish(client: Any, destination: AwsDestination, message: EventMessage, body: str, after: str) -> str:
    client.publish(
        TopicArn=destination.arn,
        Message=body,
        MessageAttributes=_attributes(message),
        **_order(destination, message),
    )
    return ""


def _put_events(client: Any, destination: AwsDestination, message: EventMessage, body: str, after: str) -> str:
    entry = {
        "EventBusName": destination.arn,
        "Source": _SOURCE,
        "DetailType": message.content["type"],
        "Time": datetime.fromisoformat(message.content["timestamp"]),
        "Detail": body,
    }
    answer = client.put_events(Entries=[entry])
    # An entry that is not taken is no error of the call.
    for told in answer.get("Entries", ()):
        if code := told.get("ErrorCode"):
            fault: Any = {"Error": {"Code": code}, "ResponseMetadata": answer.get("ResponseMetadata", {})}
            raise ClientError(fault, "PutEvents")
    return ""


def _put_record(client: Any, destination: AwsDestination, message: EventMessage, body: str, after: str) -> str:
    # Without the number of the record before it, records of one camera are ordered by when they arrive, roughly.
    ordering = {"SequenceNumberForOrdering": after} if after else {}
    answer = client.put_record(
        StreamARN=destination.arn, Data=body.encode(), PartitionKey=group_of(message), **ordering
    )
    return str(answer.get("SequenceNumber", ""))


AWS_PUTS: Mapping[SinkKind, AwsPut] = {
    SinkKind.SQS: AwsPut("sqs", "sqs:SendMessage", _event_body, _send_message),
    SinkKind.SNS: AwsPut("sns", "sns:Publish", _event_body, _publish),
    SinkKind.EVENTBRIDGE: AwsPut("events", "events:PutEvents", _event_body, _put_events),
    SinkKind.KINESIS: AwsPut("kinesis", "kinesis:PutRecord", _event_body, _put_record),
    SinkKind.STREAM_PROCESSOR: AwsPut("kinesis", "kinesis:PutRecord", _record_body, _put_record),
}


def _attributes(message: EventMessage) -> dict[str, Any]:
    """Returns what filters of SNS, and receivers of SQS, can choose by without reading the message."""
    values = {"type": message.content["type"], "camera": message.content["data"].get("camera")}
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}


def _order(destination: AwsDestination, message: EventMessage) -> dict[str, str]:
    if not destination.ordered:
        return {}
    # The same id within five minutes is taken once; of trials each is to arrive.
    once = message.message_id if message.message_id != TEST_ID else f"{TEST_ID}_{uuid4().hex}"
    return {"MessageGroupId": group_of(message), "MessageDeduplicationId": once}


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))
