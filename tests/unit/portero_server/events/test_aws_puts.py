"""Messages to queues, topics, event buses and data streams in memory, which unchanged boto3 talks to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from portero_server.domain.events.aws_destinations import AWS_KINDS, destination_of
from portero_server.domain.events.message import EventMessage, message_of, trial_message
from portero_server.domain.events.subscriptions import SinkKind
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from portero_server.events.aws_puts import AWS_PUTS
from tests.support.server.aws_destinations import REGION, new_bus, new_queue, new_stream, new_topic, running_aws
from tests.support.store.sighting_events import NOON, sighting

_NAME = "Zoë Ñúñez 🙂"


@pytest.fixture
def aws() -> Iterator[None]:
    """Services in memory."""
    with running_aws():
        yield


def _message(position: int, camera: str = "door", person: str | None = "ana") -> EventMessage:
    seen = replace(sighting("s7", camera, person), display_name=_NAME if person else "")
    return message_of(SightingEvent(position, SightingEventKind.STARTED, seen, NOON))


def _send(kind: SinkKind, arn: str, *messages: EventMessage, client: Any = None) -> None:
    """Sends messages, each after the one of its camera before it."""
    put, destination, before = AWS_PUTS[kind], destination_of(arn, kind), dict[str, str]()
    client = client or boto3.client(put.service, region_name=REGION)  # type: ignore[call-overload]
    for each in messages:
        camera = each.event.sighting.camera_id if each.event else ""
        before[camera] = put.put(client, destination, each, put.body(each), before.get(camera, ""))


def _content(message: EventMessage) -> dict[str, Any]:
    return {"message_id": message.message_id, **message.content}


def test_a_queue_gets_the_message_and_can_choose_by_its_attributes(aws: None) -> None:
    """A message that is sent again has the id of before; a trial is of no camera."""
    queue, message = new_queue("q"), _message(1)
    _send(SinkKind.SQS, queue.arn, message, message, trial_message(NOON))
    first, again, trial = sorted(queue.messages(), key=lambda each: len(each["MessageAttributes"]), reverse=True)
    assert first["Body"] == again["Body"]
    assert first["MessageAttributes"] == {
        "type": {"DataType": "String", "StringValue": "sighting.started"},
        "camera": {"DataType": "String", "StringValue": "cameras/door"},
    }
    assert trial["MessageAttributes"] == {"type": {"DataType": "String", "StringValue": "webhook.test"}}
    # The name is there whatever its letters.
    _send(SinkKind.SQS, queue.arn, message)
    assert queue.bodies() == [_content(message)]
    assert message.content["data"]["display_name"] == _NAME


def test_a_fifo_queue_keeps_the_order_of_each_camera_and_takes_a_message_once(aws: None) -> None:
    """Cameras are groups, and a message that is sent again within minutes is not taken again; trials all are."""
    queue = new_queue("q.fifo")
    sent = [_message(1), _message(2, "desk"), _message(3), _message(1), trial_message(NOON), trial_message(NOON)]
    _send(SinkKind.SQS, queue.arn, *sent)
    found = queue.messages()
    ids = [each["Attributes"]["MessageDeduplicationId"] for each in found]
    assert ids[:3] == ["evt_s7_1", "evt_s7_2", "evt_s7_3"]
    assert [each.startswith("evt_test_") for each in ids[3:]] == [True, True]
    groups = [each["Attributes"]["MessageGroupId"] for each in found]
    assert groups == ["door", "desk", "door", "attendance", "attendance"]


def test_notices_of_attendance_are_one_group_with_ids_of_their_own(aws: None) -> None:
    """They are of no camera, and a notice that is sent again is not taken again."""
    queue = new_queue("q.fifo")
    notice = EventMessage("evt_n1", {"type": "attendance.absent", "data": {"person": "people/ana"}})
    _send(SinkKind.SQS, queue.arn, notice, notice)
    (found,) = queue.messages()
    assert found["MessageAttributes"] == {"type": {"DataType": "String", "StringValue": "attendance.absent"}}
    attributes = found["Attributes"]
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("attendance", "evt_n1")


def test_a_topic_delivers_what_passes_its_filter(aws: None) -> None:
    """By camera, without a look into the message."""
    queue = new_queue("q")
    topic = new_topic("t", queue, {"camera": ["cameras/desk"]})
    _send(SinkKind.SNS, topic, _message(1), _message(2, "desk"), _message(3))
    assert queue.bodies() == [_content(_message(2, "desk"))]


def test_a_fifo_topic_keeps_the_order_of_each_camera(aws: None) -> None:
    """With cameras as groups, and the ids of messages as what is taken once."""
    queue = new_queue("q.fifo")
    topic = new_topic("t.fifo", queue)
    _send(SinkKind.SNS, topic, *(_message(position) for position in (1, 2, 3)), _message(1))
    found = queue.messages()
    assert [each["Attributes"]["MessageDeduplicationId"] for each in found][:3] == ["evt_s7_1", "evt_s7_2", "evt_s7_3"]
    assert {each["Attributes"]["MessageGroupId"] for each in found} == {"door"}


def test_an_event_bus_takes_events_by_source_type_and_time(aws: None) -> None:
    """The message is the event's detail; a bus in memory takes it."""
    bus, message = new_bus("b"), _message(2)
    entries: list[dict[str, Any]] = []
    client = boto3.client("events", region_name=REGION)

    def note(params: Any, **_: Any) -> None:
        entries.extend(params["Entries"])

    client.meta.events.register("provide-client-params.events.PutEvents", note)
    _send(SinkKind.EVENTBRIDGE, bus, message, trial_message(NOON), client=client)
    event, trial = entries
    assert json.loads(event.pop("Detail")) == _content(message)
    assert event == {"EventBusName": bus, "Source": "portero", "DetailType": "sighting.started", "Time": NOON}
    assert (trial["DetailType"], trial["Source"]) == ("webhook.test", "portero")


def test_a_data_stream_has_the_records_of_a_camera_in_order(aws: None) -> None:
    """Its partition is the camera."""
    stream, sent = new_stream("s"), [_message(1), _message(2, "desk"), _message(3), _message(4, "desk"), _message(5)]
    _send(SinkKind.KINESIS, stream.arn, *sent)
    records = stream.records()
    for camera in ("door", "desk"):
        expected = [_content(each) for each in sent if each.event and each.event.sighting.camera_id == camera]
        assert [content for key, content in records if key == camera] == expected


def test_a_data_stream_has_the_records_of_stream_processors_where_they_are_asked_for(aws: None) -> None:
    """A trial is one without faces."""
    stream = new_stream("s")
    _send(SinkKind.STREAM_PROCESSOR, stream.arn, _message(1), trial_message(NOON))
    records = dict(stream.records())
    (face,) = records["door"]["FaceSearchResponse"]
    assert face["MatchedFaces"] == [{"Similarity": 90.0, "Face": {"ExternalImageId": "ana"}}]
    assert records["attendance"]["FaceSearchResponse"] == []
    assert records["attendance"]["InputInformation"]["KinesisVideo"]["ProducerTimestamp"] == NOON.timestamp()


def test_an_event_that_the_bus_does_not_take_is_a_failure() -> None:
    """Though the call itself went well."""
    client: Any = boto3.client("events", region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")
    arn = f"arn:aws:events:{REGION}:123456789012:event-bus/b"
    with Stubber(client) as stubber:
        stubber.add_response("put_events", {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]})
        with pytest.raises(ClientError, match="ThrottlingException"):
            _send(SinkKind.EVENTBRIDGE, arn, _message(1), client=client)


def test_each_kind_in_aws_has_its_call() -> None:
    """And no other kind."""
    assert set(AWS_PUTS) == AWS_KINDS
