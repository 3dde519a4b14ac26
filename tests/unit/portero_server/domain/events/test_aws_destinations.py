"""ARNs of destinations in AWS, and the URLs of queues."""

from __future__ import annotations

import pytest

from portero_server.domain.events.aws_destinations import AWS_KINDS, AwsDestination, destination_of
from portero_server.domain.events.subscriptions import SinkKind
from portero_server.errors import InvalidInput

_PLACE = "eu-west-1:123456789012"
_ARNS = {
    SinkKind.SQS: f"arn:aws:sqs:{_PLACE}:all.fifo",
    SinkKind.SNS: f"arn:aws:sns:{_PLACE}:all",
    SinkKind.EVENTBRIDGE: f"arn:aws:events:{_PLACE}:event-bus/all",
    SinkKind.KINESIS: f"arn:aws:kinesis:{_PLACE}:stream/all",
    SinkKind.STREAM_PROCESSOR: f"arn:aws:kinesis:{_PLACE}:stream/all",
}


@pytest.mark.parametrize("kind", _ARNS)
def test_an_arn_says_where_in_aws_something_is(kind: SinkKind) -> None:
    """Its name is that of the resource alone; a FIFO queue or topic is told by it."""
    found, name = destination_of(_ARNS[kind], kind), "all.fifo" if kind is SinkKind.SQS else "all"
    assert found == AwsDestination("aws", "eu-west-1", "123456789012", name, _ARNS[kind])
    assert found.ordered == (kind is SinkKind.SQS)


@pytest.mark.parametrize(
    ("url", "arn"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo", "arn:aws:sqs:eu-west-1:123456789012:q.fifo"),
        ("https://sqs.us-gov-west-1.amazonaws.com/123456789012/q", "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "arn:aws-cn:sqs:cn-north-1:123456789012:q"),
    ],
)
def test_the_url_of_a_queue_is_its_arn(url: str, arn: str) -> None:
    """In each partition."""
    assert destination_of(url, SinkKind.SQS).arn == arn


@pytest.mark.parametrize(
    ("arn", "kind", "problem"),
    [
        ("", SinkKind.SQS, "must be arn:PARTITION:sqs:REGION:ACCOUNT:NAME, or the URL of a queue"),
        ("https://sqs.eu-west-1.evil.example/123456789012/q", SinkKind.SQS, "must be https://sqs.REGION"),
        ("https://sqs.cn-north-1.amazonaws.com/123456789012/q", SinkKind.SQS, "must be https://sqs.REGION"),
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/q", SinkKind.SNS, "must be arn:PARTITION:sns"),
        (f"arn:gcp:sqs:{_PLACE}:q", SinkKind.SQS, "partition that is none of aws, aws-cn, aws-us-gov"),
        (f"arn:aws:sqs:{_PLACE}:q", SinkKind.SNS, "must name the service sns"),
        ("arn:aws:sqs:eu-west-1.evil.example/:123456789012:q", SinkKind.SQS, "region"),
        ("arn:aws:sqs:cn-north-1:123456789012:q", SinkKind.SQS, "region that is none of the partition aws,"),
        ("arn:aws-cn:sqs:eu-west-1:123456789012:q", SinkKind.SQS, "regions as cn-north-1"),
        ("arn:aws:sqs:eu-west-1:12345678901:q", SinkKind.SQS, "account that is not 12 digits"),
        (f"arn:aws:sqs:{_PLACE}:q/../x", SinkKind.SQS, "must end with NAME"),
        (f"arn:aws:sqs:{_PLACE}:{'q' * 81}", SinkKind.SQS, "must end with NAME"),
        (f"arn:aws:sqs:{_PLACE}:q\n", SinkKind.SQS, "must end with NAME"),
        (f"arn:aws:events:{_PLACE}:rule/all", SinkKind.EVENTBRIDGE, "must end with event-bus/NAME"),
        (f"arn:aws:kinesis:{_PLACE}:all", SinkKind.KINESIS, "must end with stream/NAME"),
    ],
)
def test_what_is_wrong_is_named(arn: str, kind: SinkKind, problem: str) -> None:
    """With the field of the request."""
    with pytest.raises(InvalidInput) as caught:
        destination_of(arn, kind)
    assert problem in caught.value.message
    assert caught.value.message.startswith("subscription.aws.destination ")


def test_each_kind_in_aws_has_arns_of_its_own_form() -> None:
    """The last two are the same service, in two forms of what is sent."""
    assert set(_ARNS) == AWS_KINDS
