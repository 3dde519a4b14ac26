"""Converts subscription messages to and from dataclasses."""

from __future__ import annotations

from portero.v1 import subscription_service_pb2 as pb2

from portero_client.convert import EVENT_KINDS, time_from
from portero_client.names import ATTENDANCE_GROUPS, CAMERAS, PEOPLE
from portero_client.sightings import SightingEventKind
from portero_client.subscriptions import (
    AttendanceNoticeKind,
    AwsService,
    AwsSink,
    DeliveryOutcome,
    DeliverySchedule,
    PeopleSink,
    Subscription,
    SubscriptionDelivery,
    SubscriptionFilter,
    SubscriptionState,
    TrialDelivery,
    WebhookSink,
)

_STATES: dict[int, SubscriptionState] = {
    pb2.SUBSCRIPTION_STATE_ACTIVE: SubscriptionState.ACTIVE,
    pb2.SUBSCRIPTION_STATE_PAUSED: SubscriptionState.PAUSED,
    pb2.SUBSCRIPTION_STATE_GONE: SubscriptionState.GONE,
}
_OUTCOMES: dict[DeliveryOutcome, pb2.DeliveryOutcome.ValueType] = {
    DeliveryOutcome.DELIVERED: pb2.DELIVERY_OUTCOME_DELIVERED,
    DeliveryOutcome.WAITING: pb2.DELIVERY_OUTCOME_WAITING,
    DeliveryOutcome.GIVEN_UP: pb2.DELIVERY_OUTCOME_GIVEN_UP,
}
_OUTCOMES_BY_NUMBER: dict[int, DeliveryOutcome] = {number: outcome for outcome, number in _OUTCOMES.items()}
_NOTICES: dict[AttendanceNoticeKind, pb2.AttendanceNoticeKind.ValueType] = {
    AttendanceNoticeKind.ABSENT: pb2.ATTENDANCE_NOTICE_KIND_ABSENT,
    AttendanceNoticeKind.LATE_AGAIN: pb2.ATTENDANCE_NOTICE_KIND_LATE_AGAIN,
    AttendanceNoticeKind.LOW_ATTENDANCE: pb2.ATTENDANCE_NOTICE_KIND_LOW_ATTENDANCE,
    AttendanceNoticeKind.SESSION_UNPROVEN: pb2.ATTENDANCE_NOTICE_KIND_SESSION_UNPROVEN,
}
_NOTICES_BY_NUMBER: dict[int, AttendanceNoticeKind] = {number: kind for kind, number in _NOTICES.items()}
_SERVICES: dict[AwsService, pb2.AwsService.ValueType] = {
    AwsService.SQS: pb2.AWS_SERVICE_SQS,
    AwsService.SNS: pb2.AWS_SERVICE_SNS,
    AwsService.EVENTBRIDGE: pb2.AWS_SERVICE_EVENTBRIDGE,
    AwsService.KINESIS: pb2.AWS_SERVICE_KINESIS,
    AwsService.KINESIS_STREAM_PROCESSOR: pb2.AWS_SERVICE_KINESIS_STREAM_PROCESSOR,
}
_SERVICES_BY_NUMBER: dict[int, AwsService] = {number: service for service, number in _SERVICES.items()}
_KINDS = {kind: number for number, kind in EVENT_KINDS.items()}


def filter_to(wanted: SubscriptionFilter) -> pb2.SubscriptionFilter:
    """Returns the message for a filter. Raises InvalidArgument if a name is malformed."""
    message = pb2.SubscriptionFilter(
        cameras=[CAMERAS.name(camera) for camera in wanted.cameras],
        sites=wanted.sites,
        people=[PEOPLE.name(person) for person in wanted.people],
        min_similarity=wanted.min_similarity,
        without_strangers=wanted.without_strangers,
        groups=[ATTENDANCE_GROUPS.name(group) for group in wanted.groups],
    )
    # A kind that this client does not know is sent as none, which the server refuses.
    message.attendance.extend(_NOTICES.get(kind, pb2.ATTENDANCE_NOTICE_KIND_UNSPECIFIED) for kind in wanted.attendance)
    message.kinds.extend(_KINDS.get(kind, 0) for kind in wanted.kinds)  # type: ignore[misc]
    return message


def outcome_to(outcome: DeliveryOutcome | None) -> pb2.DeliveryOutcome.ValueType:
    """Returns the number of an outcome; None, and one that no message has, is that of all."""
    known = None if outcome is None else _OUTCOMES.get(outcome)
    return pb2.DELIVERY_OUTCOME_UNSPECIFIED if known is None else known


def aws_to(service: AwsService, destination: str) -> pb2.AwsSink:
    """Returns the message for a destination; the server refuses a service that this client does not know."""
    return pb2.AwsSink(service=_SERVICES.get(service, pb2.AWS_SERVICE_UNSPECIFIED), destination=destination)


def subscription_from(message: pb2.Subscription) -> Subscription:
    """Returns a Subscription for a protobuf message."""
    until = message.previous_secrets_expire_time
    return Subscription(
        name=message.name,
        display_name=message.display_name,
        webhook=WebhookSink(message.webhook.origin) if message.HasField("webhook") else None,
        filter=_filter_from(message.filter),
        concurrency=message.concurrency,
        state=_STATES.get(message.state, SubscriptionState.UNKNOWN),
        read_only=message.read_only,
        scope_cameras=tuple(message.scope_cameras),
        scope_sites=tuple(message.scope_sites),
        creator=message.creator,
        position=message.position,
        last_position=message.last_position,
        secret_count=message.secret_count,
        create_time=time_from(message.create_time) if message.HasField("create_time") else None,
        update_time=time_from(message.update_time) if message.HasField("update_time") else None,
        previous_secrets_expire_time=time_from(until) if message.HasField("previous_secrets_expire_time") else None,
        people=_people_from(message.people) if message.HasField("people") else None,
        aws=_aws_from(message.aws) if message.HasField("aws") else None,
        schedule=_schedule_from(message.schedule) if message.HasField("schedule") else None,
    )


def schedule_to(schedule: DeliverySchedule) -> pb2.DeliverySchedule:
    """Returns the message for a schedule."""
    message = pb2.DeliverySchedule(
        quiet_from=schedule.quiet_from,
        quiet_until=schedule.quiet_until,
        digest_at=schedule.digest_at,
        time_zone=schedule.time_zone,
    )
    if schedule.digest_every is not None:
        message.digest_every.FromTimedelta(schedule.digest_every)
    return message


def _schedule_from(message: pb2.DeliverySchedule) -> DeliverySchedule:
    every = message.digest_every.ToTimedelta() if message.HasField("digest_every") else None
    return DeliverySchedule(message.quiet_from, message.quiet_until, message.digest_at, message.time_zone, every)


def _aws_from(message: pb2.AwsSink) -> AwsSink:
    return AwsSink(_SERVICES_BY_NUMBER.get(message.service, AwsService.UNKNOWN), message.destination)


def _people_from(message: pb2.PeopleSink) -> PeopleSink:
    return PeopleSink(tuple(message.schemas), message.language)


def trial_from(message: pb2.TestSubscriptionResponse) -> TrialDelivery:
    """Returns a TrialDelivery for a protobuf message."""
    return TrialDelivery(message.delivered, message.http_status or None, message.problem)


def delivery_from(message: pb2.SubscriptionDelivery) -> SubscriptionDelivery:
    """Returns a SubscriptionDelivery for a protobuf message."""
    return SubscriptionDelivery(
        position=message.position,
        message_id=message.message_id,
        camera=message.camera,
        kind=EVENT_KINDS.get(message.kind, SightingEventKind.UNSPECIFIED),
        event_time=time_from(message.event_time),
        outcome=_OUTCOMES_BY_NUMBER.get(message.outcome, DeliveryOutcome.UNKNOWN),
        http_status=message.http_status or None,
        problem=message.problem,
        attempt_count=message.attempt_count,
        first_attempt_time=time_from(message.first_attempt_time),
        last_attempt_time=time_from(message.last_attempt_time),
        notice_type=message.notice_type,
    )


def _filter_from(message: pb2.SubscriptionFilter) -> SubscriptionFilter:
    return SubscriptionFilter(
        kinds=tuple(EVENT_KINDS.get(kind, SightingEventKind.UNSPECIFIED) for kind in message.kinds),
        cameras=tuple(message.cameras),
        sites=tuple(message.sites),
        people=tuple(message.people),
        min_similarity=message.min_similarity,
        without_strangers=message.without_strangers,
        limited_to_people=message.limited_to_people,
        attendance=tuple(_NOTICES_BY_NUMBER.get(kind, AttendanceNoticeKind.UNKNOWN) for kind in message.attendance),
        groups=tuple(message.groups),
    )
