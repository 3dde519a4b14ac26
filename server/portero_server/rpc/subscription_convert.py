"""Converts subscriptions and deliveries to and from messages."""

from __future__ import annotations

from portero.v1 import subscription_service_pb2 as pb
from portero.v1.sighting_service_pb2 import SIGHTING_EVENT_KIND_UNSPECIFIED

from portero_server.domain.attendance.notices import NoticeKind
from portero_server.domain.events.deliveries import DeliveryOutcome, SubscriptionDelivery
from portero_server.domain.events.schedules import DeliverySchedule, checked_schedule
from portero_server.domain.events.subscriptions import (
    SinkKind,
    Subscription,
    SubscriptionFilter,
    SubscriptionState,
    filter_of,
)
from portero_server.errors import InvalidInput
from portero_server.events.sinks import Destination
from portero_server.rpc.convert import EVENT_KINDS, duration_from_proto, duration_to_proto, time_to_proto
from portero_server.rpc.resource_names import (
    camera_name,
    group_name,
    parse_camera,
    parse_group,
    parse_person,
    person_name,
    subscription_name,
)

_STATES = {
    SubscriptionState.ACTIVE: pb.SUBSCRIPTION_STATE_ACTIVE,
    SubscriptionState.PAUSED: pb.SUBSCRIPTION_STATE_PAUSED,
    SubscriptionState.GONE: pb.SUBSCRIPTION_STATE_GONE,
}
_OUTCOMES = {
    DeliveryOutcome.DELIVERED: pb.DELIVERY_OUTCOME_DELIVERED,
    DeliveryOutcome.WAITING: pb.DELIVERY_OUTCOME_WAITING,
    DeliveryOutcome.GIVEN_UP: pb.DELIVERY_OUTCOME_GIVEN_UP,
}
_NOTICES = {
    NoticeKind.ABSENT: pb.ATTENDANCE_NOTICE_KIND_ABSENT,
    NoticeKind.LATE_AGAIN: pb.ATTENDANCE_NOTICE_KIND_LATE_AGAIN,
    NoticeKind.LOW_ATTENDANCE: pb.ATTENDANCE_NOTICE_KIND_LOW_ATTENDANCE,
    NoticeKind.SESSION_UNPROVEN: pb.ATTENDANCE_NOTICE_KIND_SESSION_UNPROVEN,
}
_NOTICES_BY_NUMBER: dict[int, NoticeKind] = {number: kind for kind, number in _NOTICES.items()}
_OUTCOMES_BY_NUMBER: dict[int, DeliveryOutcome] = {number: outcome for outcome, number in _OUTCOMES.items()}
_AWS = {
    SinkKind.SQS: pb.AWS_SERVICE_SQS,
    SinkKind.SNS: pb.AWS_SERVICE_SNS,
    SinkKind.EVENTBRIDGE: pb.AWS_SERVICE_EVENTBRIDGE,
    SinkKind.KINESIS: pb.AWS_SERVICE_KINESIS,
    SinkKind.STREAM_PROCESSOR: pb.AWS_SERVICE_KINESIS_STREAM_PROCESSOR,
}
_AWS_BY_NUMBER: dict[int, SinkKind] = {number: kind for kind, number in _AWS.items()}
_KINDS_BY_NUMBER = {number: kind for kind, number in EVENT_KINDS.items()}


def subscription_to_proto(subscription: Subscription, last_position: int) -> pb.Subscription:
    """Returns the Subscription message for a subscription; `last_position` is that of the last stored event."""
    until = subscription.overlap_until
    message = pb.Subscription(
        name=subscription_name(subscription.subscription_id),
        display_name=subscription.display_name,
        filter=_filter_to_proto(subscription.wanted),
        concurrency=subscription.concurrency,
        state=_STATES[subscription.state],
        read_only=subscription.read_only,
        scope_cameras=sorted(camera_name(camera_id) for camera_id in subscription.scope.cameras),
        scope_sites=sorted(subscription.scope.sites),
        creator=subscription.created_by,
        position=subscription.position,
        last_position=last_position,
        secret_count=subscription.secrets,
        previous_secrets_expire_time=None if until is None else time_to_proto(until),
    )
    if subscription.kind is SinkKind.PEOPLE:
        message.people.schemas.extend(subscription.origin.split())
        message.people.language = subscription.language
    elif (service := _AWS.get(subscription.kind)) is not None:
        message.aws.service = service
        message.aws.destination = subscription.origin
    else:
        message.webhook.origin = subscription.origin
    if subscription.schedule is not None:
        message.schedule.CopyFrom(_schedule_to_proto(subscription.schedule))
    if not subscription.read_only:
        message.create_time.CopyFrom(time_to_proto(subscription.created_at))
        message.update_time.CopyFrom(time_to_proto(subscription.updated_at))
    return message


def destination_from_proto(asked: pb.Subscription) -> tuple[SinkKind, Destination]:
    """Returns where a request wants to send, which may hold a secret. Raises InvalidInput if it does not say."""
    sink = asked.WhichOneof("sink")
    if sink == "webhook":
        return SinkKind.WEBHOOK, Destination((asked.webhook.url,))
    if sink == "people":
        return SinkKind.PEOPLE, Destination(tuple(asked.people.urls), asked.people.language)
    if sink == "aws":
        return _aws_from_proto(asked.aws)
    field = "subscription.webhook"
    raise InvalidInput(field, f"{field}, subscription.people or subscription.aws must be set: it says where to send")


def _aws_from_proto(asked: pb.AwsSink) -> tuple[SinkKind, Destination]:
    if (kind := _AWS_BY_NUMBER.get(asked.service)) is None:
        field = "subscription.aws.service"
        raise InvalidInput(field, f"{field} may be any AwsService but AWS_SERVICE_UNSPECIFIED")
    return kind, Destination((asked.destination,))


def schedule_from_proto(message: pb.DeliverySchedule) -> DeliverySchedule | None:
    """Returns when people are told, checked; None: at any time. Raises InvalidInput naming the field."""
    every = None
    if message.HasField("digest_every"):
        every = duration_from_proto(message.digest_every, "subscription.schedule.digest_every")
    return checked_schedule(message.quiet_from, message.quiet_until, message.digest_at, every, message.time_zone)


def filter_from_proto(message: pb.SubscriptionFilter) -> SubscriptionFilter:
    """Returns the filter of a request, checked. Raises InvalidInput naming the field."""
    field = "subscription.filter"
    unknown = [number for number in message.kinds if number not in _KINDS_BY_NUMBER]
    if unknown:
        raise InvalidInput(
            f"{field}.kinds", f"{field}.kinds may be any SightingEventKind but SIGHTING_EVENT_KIND_UNSPECIFIED"
        )
    if any(number not in _NOTICES_BY_NUMBER for number in message.attendance):
        raise InvalidInput(
            f"{field}.attendance",
            f"{field}.attendance may be any AttendanceNoticeKind but ATTENDANCE_NOTICE_KIND_UNSPECIFIED",
        )
    return filter_of(
        kinds=[_KINDS_BY_NUMBER[number] for number in message.kinds],
        cameras=[parse_camera(name, f"{field}.cameras") for name in message.cameras],
        sites=list(message.sites),
        people=[parse_person(name, f"{field}.people") for name in message.people],
        min_similarity=message.min_similarity,
        strangers=not message.without_strangers,
        notices=[_NOTICES_BY_NUMBER[number] for number in message.attendance],
        groups=[parse_group(name, f"{field}.groups") for name in message.groups],
    )


def outcome_from_proto(outcome: pb.DeliveryOutcome.ValueType) -> DeliveryOutcome | None:
    """Returns the outcome that a request asks for, None for all. Raises InvalidInput for an unknown number."""
    if outcome == pb.DELIVERY_OUTCOME_UNSPECIFIED:
        return None
    if outcome not in _OUTCOMES_BY_NUMBER:
        raise InvalidInput("outcome", "outcome is a value that this server does not know")
    return _OUTCOMES_BY_NUMBER[outcome]


def delivery_to_proto(delivery: SubscriptionDelivery) -> pb.SubscriptionDelivery:
    """Returns the SubscriptionDelivery message for what became of a message."""
    return pb.SubscriptionDelivery(
        position=delivery.position,
        message_id=delivery.message_id,
        camera="" if delivery.notice else camera_name(delivery.camera_id),
        kind=SIGHTING_EVENT_KIND_UNSPECIFIED if delivery.kind is None else EVENT_KINDS[delivery.kind],
        event_time=time_to_proto(delivery.happened_at),
        outcome=_OUTCOMES[delivery.outcome],
        http_status=delivery.status or 0,
        problem=delivery.problem,
        attempt_count=delivery.attempts,
        first_attempt_time=time_to_proto(delivery.first_at),
        last_attempt_time=time_to_proto(delivery.last_at),
        notice_type=delivery.notice,
    )


def _schedule_to_proto(schedule: DeliverySchedule) -> pb.DeliverySchedule:
    message = pb.DeliverySchedule(time_zone=schedule.zone.key)
    if schedule.quiet is not None:
        message.quiet_from = f"{schedule.quiet.begins:%H:%M}"
        message.quiet_until = f"{schedule.quiet.ends:%H:%M}"
    if schedule.digest_at is not None:
        message.digest_at = f"{schedule.digest_at:%H:%M}"
    if schedule.digest_every is not None:
        message.digest_every.CopyFrom(duration_to_proto(schedule.digest_every))
    return message


def _filter_to_proto(wanted: SubscriptionFilter) -> pb.SubscriptionFilter:
    return pb.SubscriptionFilter(
        kinds=sorted(EVENT_KINDS[kind] for kind in wanted.kinds),
        cameras=sorted(camera_name(camera_id) for camera_id in wanted.places.cameras),
        sites=sorted(wanted.places.sites),
        people=sorted(person_name(person_id) for person_id in wanted.people),
        min_similarity=wanted.min_similarity,
        without_strangers=not wanted.strangers,
        limited_to_people=wanted.people_only,
        attendance=sorted(_NOTICES[kind] for kind in wanted.notices),
        groups=sorted(group_name(group_id) for group_id in wanted.groups),
    )
