"""Subscriptions: to whom the server sends what happens, and which of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from portero_client.sightings import SightingEventKind


class SubscriptionState(Enum):
    """Whether a subscription sends."""

    UNKNOWN = "unknown"
    """A state of a newer server."""
    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"
    """Its receiver answered 410 and wants no more; it can be resumed."""


class DeliveryOutcome(Enum):
    """What became of a message so far."""

    UNKNOWN = "unknown"
    """An outcome of a newer server."""
    DELIVERED = "delivered"
    WAITING = "waiting"
    """It was not taken, and is tried again."""
    GIVEN_UP = "given_up"
    """A dead letter: it is not tried again unless a replay asks for it."""


class AttendanceNoticeKind(Enum):
    """What is told of attendance."""

    UNKNOWN = "unknown"
    """A kind of a newer server."""
    ABSENT = "absent"
    LATE_AGAIN = "late_again"
    LOW_ATTENDANCE = "low_attendance"
    SESSION_UNPROVEN = "session_unproven"


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Which events are sent; all conditions must hold, and an empty one means all.

    Attributes:
        kinds: Kinds of events; with `attendance`, empty means none.
        cameras: Of these cameras, by id or "cameras/{camera}", and of those of `sites`.
        sites: Of the cameras of these sites, also of those added later.
        people: Of people with a name, only these, by id or "people/{person}".
        min_similarity: Of people with a name, only matches at least so similar, 0 to 1.
        without_strangers: Whether events of people without a name are left out.
        limited_to_people: Whether `people` limits at all, also when all of them were erased. The server says so.
        attendance: Kinds of notices of attendance; empty: none. Of them, only `groups` and `people` are conditions.
        groups: Notices of these groups, by id or "attendanceGroups/{group}".
    """

    kinds: tuple[SightingEventKind, ...] = ()
    cameras: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    min_similarity: float = 0.0
    without_strangers: bool = False
    limited_to_people: bool = False
    attendance: tuple[AttendanceNoticeKind, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WebhookSink:
    """A receiver over HTTP.

    Attributes:
        origin: Scheme, host and port of its URL, which the server never shows as a whole.
    """

    origin: str


@dataclass(frozen=True, slots=True)
class PeopleSink:
    """People, who are told in words.

    Attributes:
        schemas: Of the Apprise URLs, as "mailtos"; the server never shows more of them.
        language: Of the messages, "en" or "es".
    """

    schemas: tuple[str, ...]
    language: str


class AwsService(Enum):
    """What a destination in AWS is, and in which form it takes events."""

    UNKNOWN = "unknown"
    """A service of a newer server."""
    SQS = "sqs"
    SNS = "sns"
    EVENTBRIDGE = "eventbridge"
    KINESIS = "kinesis"
    KINESIS_STREAM_PROCESSOR = "kinesis-stream-processor"
    """A data stream of Kinesis, with the records that a face search of Rekognition's stream processors writes."""


@dataclass(frozen=True, slots=True)
class AwsSink:
    """A destination in AWS.

    Attributes:
        service: What it is.
        arn: Of the queue, topic, event bus or data stream.
    """

    service: AwsService
    arn: str


@dataclass(frozen=True, slots=True)
class DeliverySchedule:
    """When people are told, times as "hh:mm" by the clock of a time zone; all empty: at any time.

    Attributes:
        quiet_from: When the quiet hours begin, in which nothing is sent; what waits is sent when they end.
        quiet_until: When they end, on the next day where that is before `quiet_from`.
        digest_at: When everything that waits is told in one message, once a day; empty: not once a day.
        time_zone: IANA time zone, as "America/Santiago"; required where another one is set.
        digest_every: How often it is told instead: whole minutes from 5 minutes to 12 hours, by which a day can be
            divided, counted from midnight. None: each message by itself, unless `digest_at` is set.
    """

    quiet_from: str = ""
    quiet_until: str = ""
    digest_at: str = ""
    time_zone: str = ""
    digest_every: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """To whom events are sent, and which.

    Attributes:
        name: Resource name, "subscriptions/{subscription}"; "subscriptions/settings" is the webhook of the settings.
        display_name: Name for people.
        webhook: Where it sends; None: to people, to AWS, or to something that this client does not know.
        filter: Which events.
        concurrency: Most messages in flight.
        state: Whether it sends.
        read_only: Whether it is the webhook of the settings.
        scope_cameras: Cameras of which it may be told; with `scope_sites` empty: all.
        scope_sites: Sites of whose cameras it may be told.
        creator: Who made it.
        position: Up to this event nothing is left to send.
        last_position: The last event that is stored.
        secret_count: How many secrets sign now; 0: its messages are not signed.
        create_time: UTC, as the other times; None: it is that of the settings.
        update_time: When it was last changed; None: it is that of the settings.
        previous_secrets_expire_time: When the last one of the replaced secrets stops signing; None: there is none.
        people: Who is told; None: it is no subscription of people.
        aws: Where in AWS it sends; None: nowhere there.
        schedule: When people are told; None: at any time.
    """

    name: str
    display_name: str
    webhook: WebhookSink | None
    filter: SubscriptionFilter
    concurrency: int
    state: SubscriptionState
    read_only: bool
    scope_cameras: tuple[str, ...]
    scope_sites: tuple[str, ...]
    creator: str
    position: int
    last_position: int
    secret_count: int
    create_time: datetime | None = None
    update_time: datetime | None = None
    previous_secrets_expire_time: datetime | None = None
    people: PeopleSink | None = None
    aws: AwsSink | None = None
    schedule: DeliverySchedule | None = None


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that was just made, with its subscription.

    Attributes:
        subscription: As stored.
        secret: What signs its messages, "whsec_…". It is here and nowhere else, and no representation of this shows it.
    """

    subscription: Subscription
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrialDelivery:
    """What was answered to a message that was only sent to try.

    Attributes:
        delivered: Whether it was taken.
        http_status: Status of the answer; None: there was none.
        problem: What went wrong, in words; empty: nothing.
    """

    delivered: bool
    http_status: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class SubscriptionDelivery:
    """What became of one message, without its content.

    Attributes:
        position: Of the event.
        message_id: The webhook-id of each attempt.
        camera: Whose event it was, "cameras/{camera}"; empty: it was a notice of attendance, or a digest.
        kind: Of the event.
        event_time: When the event was, UTC, as the other times.
        outcome: What became of it so far.
        http_status: Status of the last answer; None: there was none.
        problem: What went wrong last, in words; empty: nothing.
        attempt_count: How often it was sent, as far as it is kept.
        first_attempt_time: When it was sent first.
        last_attempt_time: When it was sent last.
        notice_type: Type of the message where it was a notice, as "attendance.absent", or a digest, "digest.events" or
            "digest.attendance", whose position is its last one; else empty.
    """

    position: int
    message_id: str
    camera: str
    kind: SightingEventKind
    event_time: datetime
    outcome: DeliveryOutcome
    http_status: int | None
    problem: str
    attempt_count: int
    first_attempt_time: datetime
    last_attempt_time: datetime
    notice_type: str = ""
