"""Queues, topics, event buses and data streams in memory, which unchanged boto3 talks to, and what came to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

REGION = "us-east-1"
_FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "false"}


@contextmanager
def running_aws() -> Iterator[None]:
    """Runs services in memory, with credentials that they take."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "none")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        with mock_aws():
            yield


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of SQS.

    Attributes:
        url: As receivers call it.
        arn: As senders do.
    """

    url: str
    arn: str

    def messages(self) -> list[dict[str, Any]]:
        """Takes up to 10 messages, as boto3 has them."""
        answer = boto3.client("sqs", region_name=REGION).receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def bodies(self) -> list[Any]:
        """Takes up to 10 messages, and returns what they are."""
        return [json.loads(each["Body"]) for each in self.messages()]


def new_queue(name: str) -> Queue:
    """Makes a queue, one that keeps the order where the name says so."""
    sqs: Any = boto3.client("sqs", region_name=REGION)
    url = sqs.create_queue(QueueName=name, Attributes=_FIFO if name.endswith(".fifo") else {})["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return Queue(url, told["Attributes"]["QueueArn"])


def new_topic(name: str, queue: Queue, policy: dict[str, Any] | None = None) -> str:
    """Makes a topic that delivers to a queue, as it got them, messages that pass a filter. Returns its ARN."""
    sns: Any = boto3.client("sns", region_name=REGION)
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "false"} if name.endswith(".fifo") else {}
    arn: str = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    asked = {"RawMessageDelivery": "true"} | ({"FilterPolicy": json.dumps(policy)} if policy else {})
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.arn, Attributes=asked)
    return arn


def new_bus(name: str) -> str:
    """Makes an event bus, and returns its ARN."""
    arn: str = boto3.client("events", region_name=REGION).create_event_bus(Name=name)["EventBusArn"]
    return arn


@dataclass(frozen=True, slots=True)
class Stream:
    """A data stream of Kinesis."""

    arn: str

    def records(self) -> list[tuple[str, Any]]:
        """Returns partition key and content of what is there, shard by shard in order."""
        kinesis: Any = boto3.client("kinesis", region_name=REGION)
        found: list[tuple[str, Any]] = []
        for shard in kinesis.describe_stream(StreamARN=self.arn)["StreamDescription"]["Shards"]:
            start = kinesis.get_shard_iterator(
                StreamARN=self.arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            told = kinesis.get_records(StreamARN=self.arn, ShardIterator=start)
            found += [(each["PartitionKey"], json.loads(each["Data"])) for each in told["Records"]]
        return found


def new_stream(name: str) -> Stream:
    """Makes a data stream of two shards."""
    kinesis: Any = boto3.client("kinesis", region_name=REGION)
    kinesis.create_stream(StreamName=name, ShardCount=2)
    told = kinesis.describe_stream(StreamName=name)
    return Stream(told["StreamDescription"]["StreamARN"])
