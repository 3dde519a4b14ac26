"""Tables of subscriptions and of what became of their messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from portero_cli.screen.sheet import Sheet, table
from portero_cli.screen.tables import local_time
from portero_client import AwsService, DeliverySchedule, Subscription, SubscriptionDelivery, SubscriptionState
from portero_client.names import ATTENDANCE_GROUPS, CAMERAS, PEOPLE, SUBSCRIPTIONS

_MINUTE = timedelta(minutes=1)


def subscriptions_table(subscriptions: Iterable[Subscription]) -> Sheet:
    """Returns the table of subscriptions: where each sends, what, and how far it is."""
    return table(
        "id",
        "name",
        "sends to",
        "state",
        "only",
        "event",
        "of",
        rows=(
            (
                SUBSCRIPTIONS.identifier(each.name),
                each.display_name,
                _sends_to(each),
                _state(each),
                _conditions(each),
                each.position,
                each.last_position,
            )
            for each in subscriptions
        ),
        spare=("only", "name"),
    )


def _sends_to(subscription: Subscription) -> str:
    if subscription.people is not None:
        where = f"{' '.join(subscription.people.schemas)} ({subscription.people.language})"
        return where if subscription.schedule is None else f"{where}, {_times(subscription.schedule)}"
    if subscription.aws is not None:
        form = " (stream processor)" if subscription.aws.service is AwsService.KINESIS_STREAM_PROCESSOR else ""
        return subscription.aws.arn + form
    return "" if subscription.webhook is None else subscription.webhook.origin


def _times(schedule: DeliverySchedule) -> str:
    quiet = [f"quiet {schedule.quiet_from}-{schedule.quiet_until}"] if schedule.quiet_from else []
    digest = [f"digest {schedule.digest_at}"] if schedule.digest_at else []
    if schedule.digest_every is not None:
        digest = [f"digest every {schedule.digest_every // _MINUTE} min"]
    return " ".join((*quiet, *digest, schedule.time_zone))


def _state(subscription: Subscription) -> str:
    gone = subscription.state is SubscriptionState.GONE
    state = "gone (answered 410)" if gone else subscription.state.value
    return f"{state}, read-only" if subscription.read_only else state


def _conditions(subscription: Subscription) -> str:
    wanted = subscription.filter
    people = [*map(PEOPLE.identifier, wanted.people)] if wanted.people or not wanted.limited_to_people else ["nobody"]
    return " ".join(
        (
            *(kind.value for kind in wanted.kinds),
            *(kind.value for kind in wanted.attendance),
            *map(ATTENDANCE_GROUPS.identifier, wanted.groups),
            *map(CAMERAS.identifier, wanted.cameras or subscription.scope_cameras),
            *(f"sites/{site}" for site in wanted.sites or subscription.scope_sites),
            *people,
            *([f"≥{wanted.min_similarity:g}"] if wanted.min_similarity else []),
            *(["no strangers"] if wanted.without_strangers else []),
        )
    )


def deliveries_table(found: Iterable[SubscriptionDelivery]) -> Sheet:
    """Returns the table of what became of messages."""
    return table(
        "event",
        "kind",
        "camera",
        "outcome",
        "answer",
        "tries",
        "last try",
        "message",
        rows=(
            (
                each.position,
                each.notice_type or each.kind.value,
                CAMERAS.identifier(each.camera) if each.camera else "",
                each.outcome.value,
                each.problem or str(each.http_status or ""),
                each.attempt_count,
                local_time(each.last_attempt_time),
                each.message_id,
            )
            for each in found
        ),
        spare=("message", "kind", "tries"),
    )
