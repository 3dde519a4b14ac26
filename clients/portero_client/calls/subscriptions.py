"""The calls of SubscriptionService."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from portero.v1 import subscription_service_pb2 as pb2

from portero_client import subscription_convert as convert
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.convert import time_to
from portero_client.names import SUBSCRIPTIONS
from portero_client.subscriptions import (
    AwsService,
    DeliveryOutcome,
    DeliverySchedule,
    NewSecret,
    Subscription,
    SubscriptionDelivery,
    SubscriptionFilter,
    TrialDelivery,
)

_SERVICE = "/portero.v1.SubscriptionService/"
_TRIAL = 20.0
"""Seconds: a server waits 15 for a receiver at the longest."""


def create(display_name: str, *, url: str, wanted: SubscriptionFilter | None, concurrency: int) -> Call[NewSecret]:
    """Creates a subscription."""
    asked = pb2.Subscription(
        display_name=display_name,
        webhook=pb2.WebhookSink(url=url),
        filter=None if wanted is None else convert.filter_to(wanted),
        concurrency=concurrency,
    )
    return unary(
        _SERVICE + "CreateSubscription",
        pb2.CreateSubscriptionRequest(subscription=asked),
        pb2.CreateSubscriptionResponse,
        lambda answer: NewSecret(convert.subscription_from(answer.subscription), answer.secret),
    )


def create_for_people(
    display_name: str,
    *,
    urls: Sequence[str],
    language: str,
    wanted: SubscriptionFilter | None,
    concurrency: int,
    schedule: DeliverySchedule | None,
) -> Call[Subscription]:
    """Creates a subscription of people."""
    asked = pb2.Subscription(
        display_name=display_name,
        people=pb2.PeopleSink(urls=urls, language=language),
        filter=None if wanted is None else convert.filter_to(wanted),
        concurrency=concurrency,
        schedule=None if schedule is None else convert.schedule_to(schedule),
    )
    return unary(
        _SERVICE + "CreateSubscription",
        pb2.CreateSubscriptionRequest(subscription=asked),
        pb2.CreateSubscriptionResponse,
        lambda answer: convert.subscription_from(answer.subscription),
        patience=_TRIAL,
    )


def create_for_aws(
    display_name: str, *, service: AwsService, destination: str, wanted: SubscriptionFilter | None, concurrency: int
) -> Call[Subscription]:
    """Creates a subscription of a destination in AWS."""
    asked = pb2.Subscription(
        display_name=display_name,
        aws=convert.aws_to(service, destination),
        filter=None if wanted is None else convert.filter_to(wanted),
        concurrency=concurrency,
    )
    return unary(
        _SERVICE + "CreateSubscription",
        pb2.CreateSubscriptionRequest(subscription=asked),
        pb2.CreateSubscriptionResponse,
        lambda answer: convert.subscription_from(answer.subscription),
    )


def get(subscription: str) -> Call[Subscription]:
    """Returns a subscription."""
    return unary(
        _SERVICE + "GetSubscription",
        pb2.GetSubscriptionRequest(name=SUBSCRIPTIONS.name(subscription)),
        pb2.GetSubscriptionResponse,
        lambda answer: convert.subscription_from(answer.subscription),
    )


def list_pages() -> PageCall[Subscription]:
    """Lists subscriptions by name of the resource."""

    def page(page_size: int, page_token: str) -> Call[Page[Subscription]]:
        return unary(
            _SERVICE + "ListSubscriptions",
            pb2.ListSubscriptionsRequest(page_size=page_size, page_token=page_token),
            pb2.ListSubscriptionsResponse,
            lambda answer: Page(tuple(map(convert.subscription_from, answer.subscriptions)), answer.next_page_token),
        )

    return page


def update(
    subscription: str,
    *,
    display_name: str | None,
    wanted: SubscriptionFilter | None,
    concurrency: int | None,
    schedule: DeliverySchedule | None,
) -> Call[Subscription]:
    """Changes what is not None."""
    changed = {"display_name": display_name, "filter": wanted, "concurrency": concurrency, "schedule": schedule}
    asked = pb2.Subscription(
        name=SUBSCRIPTIONS.name(subscription),
        display_name=display_name or "",
        filter=None if wanted is None else convert.filter_to(wanted),
        concurrency=concurrency or 0,
        schedule=None if schedule is None else convert.schedule_to(schedule),
    )
    mask = FieldMask(paths=[name for name, value in changed.items() if value is not None])
    return unary(
        _SERVICE + "UpdateSubscription",
        pb2.UpdateSubscriptionRequest(subscription=asked, update_mask=mask),
        pb2.UpdateSubscriptionResponse,
        lambda answer: convert.subscription_from(answer.subscription),
    )


def pause(subscription: str) -> Call[Subscription]:
    """Sends nothing until it is resumed."""
    return unary(
        _SERVICE + "PauseSubscription",
        pb2.PauseSubscriptionRequest(name=SUBSCRIPTIONS.name(subscription)),
        pb2.PauseSubscriptionResponse,
        lambda answer: convert.subscription_from(answer.subscription),
    )


def resume(subscription: str) -> Call[Subscription]:
    """Sends again, from where it was."""
    return unary(
        _SERVICE + "ResumeSubscription",
        pb2.ResumeSubscriptionRequest(name=SUBSCRIPTIONS.name(subscription)),
        pb2.ResumeSubscriptionResponse,
        lambda answer: convert.subscription_from(answer.subscription),
    )


def test(subscription: str) -> Call[TrialDelivery]:
    """Sends one message of type webhook.test."""
    return unary(
        _SERVICE + "TestSubscription",
        pb2.TestSubscriptionRequest(name=SUBSCRIPTIONS.name(subscription)),
        pb2.TestSubscriptionResponse,
        convert.trial_from,
        patience=_TRIAL,
    )


def replay(subscription: str, start_time: datetime) -> Call[Subscription]:
    """Sends everything again that is still stored since a time."""
    return unary(
        _SERVICE + "ReplaySubscription",
        pb2.ReplaySubscriptionRequest(name=SUBSCRIPTIONS.name(subscription), start_time=time_to(start_time)),
        pb2.ReplaySubscriptionResponse,
        lambda answer: convert.subscription_from(answer.subscription),
    )


def delivery_pages(subscription: str, outcome: DeliveryOutcome | None) -> PageCall[SubscriptionDelivery]:
    """Lists what became of the last messages, the one sent last first."""
    parent, asked = SUBSCRIPTIONS.name(subscription), convert.outcome_to(outcome)

    def page(page_size: int, page_token: str) -> Call[Page[SubscriptionDelivery]]:
        return unary(
            _SERVICE + "ListDeliveries",
            pb2.ListDeliveriesRequest(parent=parent, outcome=asked, page_size=page_size, page_token=page_token),
            pb2.ListDeliveriesResponse,
            lambda answer: Page(tuple(map(convert.delivery_from, answer.deliveries)), answer.next_page_token),
        )

    return page


def rotate_secret(subscription: str, keep_previous: timedelta | None) -> Call[NewSecret]:
    """Makes a new secret."""
    request = pb2.RotateSubscriptionSecretRequest(name=SUBSCRIPTIONS.name(subscription))
    if keep_previous is not None:
        request.keep_previous.FromTimedelta(keep_previous)
    return unary(
        _SERVICE + "RotateSubscriptionSecret",
        request,
        pb2.RotateSubscriptionSecretResponse,
        lambda answer: NewSecret(convert.subscription_from(answer.subscription), answer.secret),
    )


def delete(subscription: str) -> Call[None]:
    """Removes a subscription."""
    return unary(
        _SERVICE + "DeleteSubscription",
        pb2.DeleteSubscriptionRequest(name=SUBSCRIPTIONS.name(subscription)),
        pb2.DeleteSubscriptionResponse,
        lambda _: None,
    )
