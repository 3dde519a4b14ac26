"""Subscriptions: to whom events are sent, which ones, and how a subscription is doing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit

from portero_server.domain.access.identities import EVERYTHING, Scope
from portero_server.domain.attendance.notices import AttendanceNotice, NoticeKind
from portero_server.domain.events.alerts import ALERTS
from portero_server.domain.events.schedules import DeliverySchedule
from portero_server.domain.people.people import checked_identifier
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from portero_server.errors import InvalidInput

SETTINGS_ID = "settings"
"""The id of the webhook that the settings name; no other subscription has it."""
MOST_PLACES = 100
"""Most cameras, and most sites, in one filter."""
MOST_PEOPLE = 100
"""Most people in one filter."""
MOST_CONCURRENT = 32
"""Most messages that a subscription may have in flight."""
MOST_SECRETS = 5
"""Most secrets that sign at once."""
LONGEST_OVERLAP = timedelta(days=30)
"""Longest time for which a secret that was replaced signs too."""
_LONGEST_URL = 2048
_URL = re.compile(r"[\x21-\x7e]+")


class SinkKind(Enum):
    """What a subscription sends to."""

    WEBHOOK = "webhook"
    PEOPLE = "people"
    """E-mail, Telegram, Slack and the like: people, who are told in words."""
    SQS = "sqs"
    SNS = "sns"
    EVENTBRIDGE = "eventbridge"
    KINESIS = "kinesis"
    STREAM_PROCESSOR = "stream_processor"
    """Kinesis, in the form of the records that Rekognition's stream processors write."""


class SubscriptionState(Enum):
    """Whether a subscription sends."""

    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"
    """Its receiver answered 410 and wants no more."""

    @property
    def stop(self) -> str:
        """The word that is stored with the position of a subscription that sends nothing; empty: it sends."""
        return "" if self is SubscriptionState.ACTIVE else self.name


def state_of(stopped: str) -> SubscriptionState:
    """Returns the state that a stored word means; a word of a newer server means GONE, which sends nothing."""
    return next((state for state in SubscriptionState if state.stop == stopped), SubscriptionState.GONE)


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Which events a subscription is told of; all conditions must hold.

    Attributes:
        kinds: Kinds of events; empty: all but alerts.
        places: Cameras and sites; everything: all within the subscription's scope.
        people: Of people with a name, only these.
        people_only: Whether `people` limits at all. It stays when they are erased, so that nobody else is told of.
        min_similarity: Of people with a name, only matches that are at least so similar, 0 to 1.
        strangers: Whether events of people without a name are told.
        notices: Kinds of notices of attendance; empty: none. With notices and without `kinds`, no events are told.
            Of the other conditions only `people` and `groups` hold for notices.
        groups: Of notices, only those of these groups; empty: all.
    """

    kinds: frozenset[SightingEventKind] = frozenset()
    places: Scope = EVERYTHING
    people: frozenset[str] = frozenset()
    people_only: bool = False
    min_similarity: float = 0.0
    strangers: bool = True
    notices: frozenset[NoticeKind] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def notices_only(self) -> bool:
        """Whether nothing but notices is told."""
        return bool(self.notices) and not self.kinds

    @property
    def alerts_only(self) -> bool:
        """Whether nothing but alerts is told."""
        return bool(self.kinds) and self.kinds <= ALERTS

    def wants(self, event: SightingEvent) -> bool:
        """Returns whether an event passes every condition but the places, which change with the sites' cameras."""
        if self.notices_only or (self.kinds and event.kind not in self.kinds):
            return False
        sighting = event.sighting
        if sighting.person_id is None:
            return self.strangers
        if self.people_only and sighting.person_id not in self.people:
            return False
        return sighting.similarity >= self.min_similarity

    def wants_notice(self, notice: AttendanceNotice) -> bool:
        """Returns whether a notice is told; with people, none of anybody else and none of a whole session."""
        if notice.kind not in self.notices or (self.groups and notice.group_id not in self.groups):
            return False
        return not self.people_only or notice.person_id in self.people


def filter_of(
    *,
    kinds: Iterable[SightingEventKind] = (),
    cameras: Sequence[str] = (),
    sites: Sequence[str] = (),
    people: Sequence[str] = (),
    min_similarity: float = 0.0,
    strangers: bool = True,
    notices: Iterable[NoticeKind] = (),
    groups: Sequence[str] = (),
) -> SubscriptionFilter:
    """Returns a filter, checked; empty conditions mean all.

    Raises:
        InvalidInput: A name is malformed, there are too many, the similarity is not 0 to 1, alerts are asked for and
            strangers are not, nothing but alerts is asked for and people are named, groups are named and no notice is
            asked for, or nothing but notices is asked for and a condition of events is set.
    """
    for field, names, most in (
        ("cameras", cameras, MOST_PLACES),
        ("sites", sites, MOST_PLACES),
        ("people", people, MOST_PEOPLE),
        ("groups", groups, MOST_PLACES),
    ):
        path = f"subscription.filter.{field}"
        if len(names) > most:
            raise InvalidInput(path, f"{path} must have at most {most} entries")
        for name in names:
            checked_identifier(name, path)
    kinds = frozenset(kinds)
    if kinds & ALERTS and not strangers:
        path = "subscription.filter.without_strangers"
        raise InvalidInput(path, f"{path} must not be set where alerts are asked for, which are about strangers only")
    if people and kinds and kinds <= ALERTS:
        path = "subscription.filter.people"
        raise InvalidInput(path, f"{path} must be empty where only alerts are asked for, which are about strangers")
    # Written this way around, the comparison refuses NaN as well.
    if not 0 <= min_similarity <= 1:
        path = "subscription.filter.min_similarity"
        raise InvalidInput(path, f"{path} must be 0 to 1")
    notices = frozenset(notices)
    if groups and not notices:
        path = "subscription.filter.groups"
        raise InvalidInput(path, f"{path} must be empty where no attendance is asked for")
    if notices and not kinds and (cameras or sites or min_similarity or not strangers):
        path = "subscription.filter.attendance"
        raise InvalidInput(path, f"{path} alone is of no camera: leave cameras, sites, similarity and strangers out")
    places = Scope(frozenset(cameras), frozenset(sites), everything=not cameras and not sites)
    return SubscriptionFilter(
        kinds, places, frozenset(people), bool(people), min_similarity, strangers, notices, frozenset(groups)
    )


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription, without what is secret of it.

    Attributes:
        subscription_id: Last part of its resource name.
        display_name: Name for people.
        kind: What it sends to.
        origin: Of a webhook scheme, host and port of where it sends; of people the schemas, with spaces between them.
            The rest of the URLs may be secret. In AWS the whole ARN, which is no secret.
        wanted: Which events.
        scope: Cameras of which it may be told at all: the scope of whoever made it.
        concurrency: Most messages in flight.
        created_at: UTC, as the other times.
        created_by: Subject of who made it.
        updated_at: When it was last changed.
        state: Whether it sends.
        position: Up to this event nothing is left to send.
        secrets: How many secrets sign now.
        overlap_until: When the last one of the replaced secrets stops signing; None: there is none.
        language: In which people are told; empty: it is no sink of people.
        schedule: When people are told; None: at any time.
    """

    subscription_id: str
    display_name: str
    kind: SinkKind
    origin: str
    wanted: SubscriptionFilter
    scope: Scope
    concurrency: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    state: SubscriptionState = SubscriptionState.ACTIVE
    position: int = 0
    secrets: int = 1
    overlap_until: datetime | None = None
    language: str = ""
    schedule: DeliverySchedule | None = None

    @property
    def read_only(self) -> bool:
        """Whether it is the webhook of the settings."""
        return self.subscription_id == SETTINGS_ID

    def wants(self, event: SightingEvent) -> bool:
        """Returns whether its filter passes an event, but for the places, and its form can tell it."""
        # A stream processor tells of faces that are in a frame, and has no record of one that has left.
        told = self.kind is not SinkKind.STREAM_PROCESSOR or event.kind is not SightingEventKind.LEFT
        return told and self.wanted.wants(event)


def check_form(kind: SinkKind, wanted: SubscriptionFilter) -> None:
    """Checks that a kind of destination has a form for what a filter asks for.

    Raises:
        InvalidInput: It is that of stream processors, which has no record of attendance, nor of faces that left.
    """
    if kind is not SinkKind.STREAM_PROCESSOR:
        return
    if wanted.notices:
        path = "subscription.filter.attendance"
        raise InvalidInput(path, f"{path} must be empty: stream processors have no record of attendance")
    if wanted.kinds == {SightingEventKind.LEFT}:
        path = "subscription.filter.kinds"
        raise InvalidInput(path, f"{path} must have more than LEFT: stream processors have no record of it")


def checked_url(url: str, *, plaintext: bool) -> str:
    """Returns the URL of a webhook, checked; which addresses it may lead to is checked elsewhere.

    Args:
        url: As given.
        plaintext: Whether http may be, since networks of the site may be reached.

    Raises:
        InvalidInput: It is no URL that can be used; the message shows nothing of it.
    """
    path = "subscription.webhook.url"
    problem = f"{path} must be https://HOST/PATH without a user or a fragment, of at most {_LONGEST_URL} characters"
    if not _URL.fullmatch(url) or len(url) > _LONGEST_URL:
        raise InvalidInput(path, problem)
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole or parts.username is not None or parts.fragment:
        raise InvalidInput(path, problem)
    if parts.scheme == "http" and not plaintext:
        raise InvalidInput(path, f"{path} must begin with https:// unless the server sets PORTERO_WEBHOOK_NETWORKS")
    return url


def is_encrypted(url: str) -> bool:
    """Returns whether a checked URL is one of https."""
    return urlsplit(url).scheme == "https"


def origin_of(url: str) -> str:
    """Returns scheme, host and port of a checked URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def checked_concurrency(asked: int, usual: int = 8, most: int = MOST_CONCURRENT) -> int:
    """Returns how many messages may be in flight; 0 means `usual`.

    Args:
        asked: How many.
        usual: How many of its kind of destination usually are.
        most: How many may be.

    Raises:
        InvalidInput: It is not 0 to `most`.
    """
    if not 0 <= asked <= most:
        path = "subscription.concurrency"
        allowed = f"1 to {most}" if most > 1 else "1, since people are told one message after the other"
        raise InvalidInput(path, f"{path} must be {allowed}; 0 means {usual}")
    return asked or usual


def checked_overlap(asked: timedelta) -> timedelta:
    """Returns for how long a replaced secret still signs.

    Raises:
        InvalidInput: It is negative, or longer than 30 days.
    """
    if not timedelta() <= asked <= LONGEST_OVERLAP:
        raise InvalidInput("keep_previous", f"keep_previous must be 0 to {LONGEST_OVERLAP.days} days")
    return asked


def is_within(scope: Scope, outer: Scope, cameras: frozenset[str] | None) -> bool:
    """Returns whether everything in one scope is in another.

    Args:
        scope: The one.
        outer: The other.
        cameras: Cameras that the other includes now, those of its sites too; None: all.
    """
    if outer.everything:
        return True
    return not scope.everything and scope.sites <= outer.sites and (cameras is None or scope.cameras <= cameras)
