"""Where in AWS a subscription sends: queues, topics, event buses and data streams, as ARNs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portero_server.domain.events.subscriptions import SinkKind
from portero_server.errors import InvalidInput

FIELD = "subscription.aws.destination"
"""What a request calls it."""
_FIFO = ".fifo"
_REGION = re.compile(r"(?!-)[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_QUEUE_URL = re.compile(
    r"https://sqs\.([a-z0-9-]{1,32})\.(amazonaws\.com|amazonaws\.com\.cn)/([0-9]{12})/([^/?#]{1,80})"
)
_PARTITIONS = {"aws-cn": "cn-", "aws-us-gov": "us-gov-", "aws": ""}
"""What the names of a partition's regions begin with; all others are of `aws`, which is last."""


@dataclass(frozen=True, slots=True)
class _Service:
    """What an ARN of a service looks like.

    Attributes:
        word: The service in the ARN.
        resource: What follows the account, with the name as its group.
        example: Of what follows the account.
    """

    word: str
    resource: re.Pattern[str]
    example: str


_STREAM = _Service("kinesis", re.compile(r"stream/([A-Za-z0-9_.-]{1,128})"), "stream/NAME")
_SERVICES = {
    SinkKind.SQS: _Service("sqs", re.compile(r"(?=.{1,80}\Z)([A-Za-z0-9_-]+(?:\.fifo)?)"), "NAME"),
    SinkKind.SNS: _Service("sns", re.compile(r"(?=.{1,256}\Z)([A-Za-z0-9_-]+(?:\.fifo)?)"), "NAME"),
    SinkKind.EVENTBRIDGE: _Service("events", re.compile(r"event-bus/([A-Za-z0-9_.-]{1,256})"), "event-bus/NAME"),
    SinkKind.KINESIS: _STREAM,
    SinkKind.STREAM_PROCESSOR: _STREAM,
}
AWS_KINDS = frozenset(_SERVICES)
"""Kinds of destinations in AWS."""


@dataclass(frozen=True, slots=True)
class AwsDestination:
    """A queue, topic, event bus or data stream.

    Attributes:
        partition: As "aws".
        region: As "us-east-1".
        account: 12 digits.
        name: Of the resource, without what kind of resource it is.
        arn: All of it.
    """

    partition: str
    region: str
    account: str
    name: str
    arn: str

    @property
    def ordered(self) -> bool:
        """Whether it is a queue or topic that keeps an order (FIFO)."""
        return self.name.endswith(_FIFO)


def destination_of(text: str, kind: SinkKind) -> AwsDestination:
    """Returns the destination that an ARN names, or of a queue its URL.

    Raises:
        InvalidInput: It is none of the kind; the message says which part of it is wrong.
    """
    service = _SERVICES[kind]
    if kind is SinkKind.SQS and text.startswith("https:"):
        text = _queue_arn(text)
    whole = f"arn:PARTITION:{service.word}:REGION:ACCOUNT:{service.example}"
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise _refused(f"must be {whole}" + (", or the URL of a queue" if kind is SinkKind.SQS else ""))
    _, partition, word, region, account, resource = parts
    if partition not in _PARTITIONS:
        raise _refused(f"has a partition that is none of {', '.join(sorted(_PARTITIONS))}")
    if word != service.word:
        raise _refused(f"must name the service {service.word}, as {whole}")
    if not _REGION.fullmatch(region) or _partition_of(region) != partition:
        raise _refused(
            f"has a region that is none of the partition {partition}, which has regions as {_region(partition)}"
        )
    if not _ACCOUNT.fullmatch(account):
        raise _refused("has an account that is not 12 digits")
    if (named := service.resource.fullmatch(resource)) is None:
        raise _refused(f"must end with {service.example}, in letters that {service.word} allows, as {whole}")
    return AwsDestination(partition, region, account, named[1], text)


def _queue_arn(url: str) -> str:
    found = _QUEUE_URL.fullmatch(url)
    if found is None or found[2].endswith(".cn") != found[1].startswith("cn-"):
        raise _refused("must be https://sqs.REGION.amazonaws.com/ACCOUNT/NAME where it is the URL of a queue")
    region, _, account, name = found.groups()
    return f"arn:{_partition_of(region)}:sqs:{region}:{account}:{name}"


def _partition_of(region: str) -> str:
    return next(partition for partition, first in _PARTITIONS.items() if region.startswith(first))


def _region(partition: str) -> str:
    return {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[partition]


def _refused(problem: str) -> InvalidInput:
    return InvalidInput(FIELD, f"{FIELD} {problem}")
