"""SubscriptionService over a real connection and a real database, with real receivers."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest
from aiohttp import web
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from portero.v1 import sighting_service_pb2 as kinds
from portero.v1 import subscription_service_pb2 as pb
from portero.v1 import subscription_service_pb2_grpc
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from standardwebhooks import Webhook, WebhookVerificationError

from portero_server.store.database import Database
from portero_server.store.schema import subscription_secrets, subscriptions
from tests.support.server.aws_destinations import new_queue, running_aws
from tests.support.server.mail_receiver import running_mailbox
from tests.support.server.rpc_edge import refusal_of
from tests.support.server.serving import Serve
from tests.support.server.subscription_house import SubscriptionHouse
from tests.support.server.webhook_receiver import Receiver, running_receiver
from tests.support.time.timeouts import PATIENCE

Client: TypeAlias = "subscription_service_pb2_grpc.SubscriptionServiceAsyncStub"
_START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> SubscriptionHouse:
    """Subscriptions of the database, two cameras and two people."""
    house = SubscriptionHouse(database, tmp_path, subscription_limit=4)
    for camera_id, site in (("door", "north"), ("vault", "south")):
        await house.cameras.create(camera_id, display_name=camera_id, site=site)
    for person_id in ("ana", "ben"):
        await house.people.create(person_id, person_id.title(), {})
    return house


@pytest.fixture
async def client(house: SubscriptionHouse, serve: Serve) -> Client:
    """A client of the service."""
    stub: Client = subscription_service_pb2_grpc.SubscriptionServiceStub((await serve([house.servicer])).channel)
    return stub


async def _made(client: Client, url: str, wanted: pb.SubscriptionFilter | None = None) -> tuple[pb.Subscription, str]:
    asked = pb.Subscription(display_name="Desk", webhook=pb.WebhookSink(url=url), filter=wanted)
    answer = await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))
    return answer.subscription, answer.secret


def _told(receiver: Receiver, secret: str) -> list[dict[str, Any]]:
    """Returns what came; each has a signature that holds."""
    return [Webhook(secret).verify(message.body, message.headers) for message in receiver.messages]


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits until an answer of the service says so."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            pass


async def test_a_subscription_is_shown_without_what_is_secret(client: Client, database: Database) -> None:
    """The secret is in the first answer only; URL and secret are in the database as nobody can read them."""
    url = "https://hooks.example:8443/T0K3N/hook"
    wanted = pb.SubscriptionFilter(
        kinds=[kinds.SIGHTING_EVENT_KIND_STARTED],
        cameras=["cameras/door"],
        sites=["south"],
        people=["people/ana"],
        min_similarity=0.5,
        without_strangers=True,
    )
    made, secret = await _made(client, url, wanted)
    assert secret.startswith("whsec_")
    assert (made.webhook.url, made.webhook.origin) == ("", "https://hooks.example:8443")
    assert (made.state, made.concurrency, made.secret_count) == (pb.SUBSCRIPTION_STATE_ACTIVE, 8, 1)
    assert (made.creator, made.read_only, list(made.scope_cameras)) == ("local", False, [])
    wanted.limited_to_people = True
    assert made.filter == wanted
    shown = (await client.GetSubscription(pb.GetSubscriptionRequest(name=made.name))).subscription
    assert shown == made
    assert list((await client.ListSubscriptions(pb.ListSubscriptionsRequest())).subscriptions) == [made]

    async def stored(connection: AsyncConnection) -> str:
        rows = [(await connection.execute(select(table))).all() for table in (subscriptions, subscription_secrets)]
        return repr(rows)

    text = await database.read(stored)
    assert "T0K3N" not in text
    assert repr(base64.b64decode(secret.removeprefix("whsec_")))[2:-1] not in text


async def test_several_receivers_are_told_each_by_its_filter_and_secret(
    client: Client, house: SubscriptionHouse
) -> None:
    """A receiver that fails delays no other, and signatures hold with the receiver's own secret alone."""
    async with running_receiver() as every, running_receiver() as north, running_receiver() as dead, house.sending():
        dead.answering = lambda number: web.Response(status=503)
        _, first = await _made(client, every.url)
        _, second = await _made(client, north.url, pb.SubscriptionFilter(sites=["north"], without_strangers=True))
        broken, _ = await _made(client, dead.url)
        await house.visit("vault", "ana", 1)
        await house.visit("door", "ben", 2)
        await house.visit("door", None, 3)
        await every.until(lambda: len(every.messages) == 3)
        await north.until(lambda: len(north.messages) == 1)
        assert {each["data"]["person"] for each in _told(every, first)} == {"people/ana", "people/ben", None}
        assert [each["data"]["person"] for each in _told(north, second)] == ["people/ben"]
        with pytest.raises(WebhookVerificationError):
            _told(north, first)

        async def noted() -> bool:
            listed = await client.ListDeliveries(pb.ListDeliveriesRequest(parent=broken.name))
            return any(each.http_status == 503 for each in listed.deliveries)

        await _until(noted)
    waiting = pb.ListDeliveriesRequest(parent=broken.name, outcome=pb.DELIVERY_OUTCOME_WAITING, page_size=1)
    page = await client.ListDeliveries(waiting)
    (delivery,) = page.deliveries
    assert (delivery.problem, delivery.attempt_count >= 1) == ("it answered 503", True)
    assert (delivery.outcome, delivery.kind) == (pb.DELIVERY_OUTCOME_WAITING, kinds.SIGHTING_EVENT_KIND_STARTED)
    waiting.page_token = page.next_page_token
    if page.next_page_token:
        assert [each.position for each in (await client.ListDeliveries(waiting)).deliveries] != [delivery.position]


async def test_strangers_make_an_alert_for_who_asks(client: Client, house: SubscriptionHouse) -> None:
    """One after each quiet hour; people with a name make none."""
    async with running_receiver() as receiver, house.sending():
        wanted = pb.SubscriptionFilter(kinds=[kinds.SIGHTING_EVENT_KIND_UNKNOWN_PERSON])
        _, secret = await _made(client, receiver.url, wanted)
        for number, person_id in ((1, None), (2, None), (3, "ana"), (10, None)):
            await house.visit("door", person_id, number)
        await receiver.until(lambda: len(receiver.messages) == 2)
        assert [each["type"] for each in _told(receiver, secret)] == ["alert.unknown_person"] * 2


async def test_nothing_of_an_erased_person_is_told_by_a_replay(client: Client, house: SubscriptionHouse) -> None:
    """What is replayed is told as it may be told now, with the ids of before."""
    async with running_receiver() as receiver, house.sending():
        made, secret = await _made(client, receiver.url)
        await house.visit("door", "ana", 1)
        await receiver.until(lambda: len(receiver.messages) == 1)
        await house.people.delete("ana")
        since = pb.ReplaySubscriptionRequest(name=made.name)
        since.start_time.FromDatetime(_START)
        assert (await client.ReplaySubscription(since)).subscription.position == 0
        await receiver.until(lambda: len(receiver.messages) == 2)
    before, after = _told(receiver, secret)
    assert (before["data"]["display_name"], after["data"]["display_name"], after["data"]["person"]) == (
        "Ana",
        None,
        None,
    )
    assert receiver.messages[0].headers["webhook-id"] == receiver.messages[1].headers["webhook-id"]


async def test_a_paused_one_is_told_when_it_is_resumed(client: Client, house: SubscriptionHouse) -> None:
    """Nothing is lost meanwhile."""
    async with running_receiver() as receiver, house.sending():
        made, _ = await _made(client, receiver.url)
        paused = (await client.PauseSubscription(pb.PauseSubscriptionRequest(name=made.name))).subscription
        assert paused.state == pb.SUBSCRIPTION_STATE_PAUSED
        await house.visit("door", "ana", 1)
        shown = (await client.GetSubscription(pb.GetSubscriptionRequest(name=made.name))).subscription
        assert (shown.position, shown.last_position, receiver.messages) == (0, 1, [])
        resumed = (await client.ResumeSubscription(pb.ResumeSubscriptionRequest(name=made.name))).subscription
        assert resumed.state == pb.SUBSCRIPTION_STATE_ACTIVE
        await receiver.until(lambda: len(receiver.messages) == 1)


async def test_an_answer_of_410_ends_it_until_it_is_resumed(client: Client, house: SubscriptionHouse) -> None:
    """The state says so."""
    async with running_receiver(lambda number: web.Response(status=410)) as receiver, house.sending():
        made, _ = await _made(client, receiver.url)
        await house.visit("door", "ana", 1)

        async def gone() -> bool:
            shown = (await client.GetSubscription(pb.GetSubscriptionRequest(name=made.name))).subscription
            return shown.state == pb.SUBSCRIPTION_STATE_GONE

        await _until(gone)
        receiver.answering = lambda number: web.Response(status=204)
        await client.ResumeSubscription(pb.ResumeSubscriptionRequest(name=made.name))
        await receiver.until(lambda: len(receiver.messages) == 2)


async def test_a_test_says_what_was_answered(client: Client, house: SubscriptionHouse) -> None:
    """Its message is signed as all are; it is sent in any state."""
    async with running_receiver() as receiver:
        made, secret = await _made(client, receiver.url)
        await client.PauseSubscription(pb.PauseSubscriptionRequest(name=made.name))
        taken = await client.TestSubscription(pb.TestSubscriptionRequest(name=made.name))
        assert (taken.delivered, taken.http_status, taken.problem) == (True, 204, "")
        assert [each["type"] for each in _told(receiver, secret)] == ["webhook.test"]
        receiver.answering = lambda number: web.Response(status=500)
        refused = await client.TestSubscription(pb.TestSubscriptionRequest(name=made.name))
    assert (refused.delivered, refused.http_status, refused.problem) == (False, 500, "it answered 500")
    away = await client.TestSubscription(pb.TestSubscriptionRequest(name=made.name))
    assert (away.delivered, away.http_status, away.problem) == (False, 0, "it cannot be reached")


async def test_both_secrets_sign_for_the_stated_time(client: Client, house: SubscriptionHouse) -> None:
    """A receiver that knows one of them accepts the message; without an overlap only the new one signs."""
    async with running_receiver() as receiver:
        made, old = await _made(client, receiver.url)
        rotate = pb.RotateSubscriptionSecretRequest(name=made.name)
        rotated = await client.RotateSubscriptionSecret(rotate)
        assert rotated.subscription.secret_count == 2
        left = rotated.subscription.previous_secrets_expire_time.ToDatetime(UTC) - datetime.now(UTC)
        assert 23.9 < left.total_seconds() / 3600 <= 24.0
        await client.TestSubscription(pb.TestSubscriptionRequest(name=made.name))
        assert _told(receiver, old) == _told(receiver, rotated.secret)
        receiver.messages.clear()
        rotate.keep_previous.CopyFrom(Duration())
        last = await client.RotateSubscriptionSecret(rotate)
        assert last.subscription.secret_count == 1
        await client.TestSubscription(pb.TestSubscriptionRequest(name=made.name))
    assert len(_told(receiver, last.secret)) == 1
    for secret in (old, rotated.secret):
        with pytest.raises(WebhookVerificationError):
            _told(receiver, secret)


async def test_what_the_mask_names_is_changed(client: Client) -> None:
    """A filter as a whole; the rest stays."""
    made, _ = await _made(client, "https://hooks.example/", pb.SubscriptionFilter(cameras=["cameras/door"]))
    asked = pb.Subscription(name=made.name, display_name="Lobby", filter=pb.SubscriptionFilter(sites=["south"]))
    update = pb.UpdateSubscriptionRequest(subscription=asked, update_mask=FieldMask(paths=["filter"]))
    changed = (await client.UpdateSubscription(update)).subscription
    assert (changed.display_name, list(changed.filter.cameras), list(changed.filter.sites)) == ("Desk", [], ["south"])
    named = pb.UpdateSubscriptionRequest(subscription=pb.Subscription(name=made.name, display_name="Lobby"))
    changed = (await client.UpdateSubscription(named)).subscription
    assert (changed.display_name, list(changed.filter.sites)) == ("Lobby", ["south"])


async def test_a_deleted_one_is_gone(client: Client) -> None:
    """For every method."""
    made, _ = await _made(client, "https://hooks.example/")
    await client.DeleteSubscription(pb.DeleteSubscriptionRequest(name=made.name))
    assert not (await client.ListSubscriptions(pb.ListSubscriptionsRequest())).subscriptions
    for call in (
        client.GetSubscription(pb.GetSubscriptionRequest(name=made.name)),
        client.PauseSubscription(pb.PauseSubscriptionRequest(name=made.name)),
        client.TestSubscription(pb.TestSubscriptionRequest(name=made.name)),
        client.ListDeliveries(pb.ListDeliveriesRequest(parent=made.name)),
        client.RotateSubscriptionSecret(pb.RotateSubscriptionSecretRequest(name=made.name)),
        client.DeleteSubscription(pb.DeleteSubscriptionRequest(name=made.name)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("values", "reason", "words"),
    [
        ({"display_name": ""}, "INVALID_INPUT", "subscription.display_name"),
        ({"concurrency": 33}, "INVALID_INPUT", "subscription.concurrency"),
        ({"webhook": None}, "INVALID_INPUT", "subscription.webhook"),
        ({"webhook": pb.WebhookSink(url="ftp://x/")}, "INVALID_INPUT", "subscription.webhook.url"),
        ({"webhook": pb.WebhookSink(url="https://169.254.169.254/")}, "ADDRESS_REFUSED", "link-local"),
        ({"webhook": pb.WebhookSink(url="https://10.0.0.1/")}, "ADDRESS_REFUSED", "PORTERO_WEBHOOK_NETWORKS"),
        ({"filter": pb.SubscriptionFilter(people=["people/eve"])}, "UNKNOWN_PERSON", "people/eve"),
        ({"filter": pb.SubscriptionFilter(cameras=["door"])}, "BAD_RESOURCE_NAME", "subscription.filter.cameras"),
        ({"filter": pb.SubscriptionFilter(kinds=[9])}, "INVALID_INPUT", "subscription.filter.kinds"),  # type: ignore[list-item]
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(
    client: Client, values: dict[str, Any], reason: str, words: str
) -> None:
    """Nothing is stored."""
    sound: dict[str, Any] = {"display_name": "Desk", "webhook": pb.WebhookSink(url="https://hooks.example/")}
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=pb.Subscription(**(sound | values))))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal_of(caught.value).reason == reason
    assert words in (caught.value.details() or "")
    assert not (await client.ListSubscriptions(pb.ListSubscriptionsRequest())).subscriptions


async def test_there_are_as_many_as_the_settings_allow(client: Client) -> None:
    """They are listed in pages."""
    made = sorted([(await _made(client, f"https://hooks.example/{number}"))[0].name for number in range(4)])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _made(client, "https://hooks.example/5")
    assert refusal_of(caught.value).reason == "TOO_MANY_SUBSCRIPTIONS"
    first = await client.ListSubscriptions(pb.ListSubscriptionsRequest(page_size=3))
    rest = await client.ListSubscriptions(pb.ListSubscriptionsRequest(page_size=3, page_token=first.next_page_token))
    assert [each.name for each in (*first.subscriptions, *rest.subscriptions)] == made


async def test_without_a_key_file_nothing_can_be_subscribed(database: Database, tmp_path: Path, serve: Serve) -> None:
    """The message names the setting; what was made with another key is not sent, and says why."""
    client: Client = subscription_service_pb2_grpc.SubscriptionServiceStub(
        (await serve([SubscriptionHouse(database, tmp_path, subscription_key_file=None).servicer])).channel
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _made(client, "https://hooks.example/")
    assert refusal_of(caught.value).reason == "NO_SUBSCRIPTION_KEY"
    assert "PORTERO_SUBSCRIPTION_KEY_FILE" in (caught.value.details() or "")


async def test_another_key_file_opens_nothing(client: Client, database: Database, tmp_path: Path, serve: Serve) -> None:
    """Whoever has the database alone can send nothing in the server's name."""
    made, _ = await _made(client, "https://hooks.example/")
    (tmp_path / "other").mkdir()
    other = (await serve([SubscriptionHouse(database, tmp_path / "other").servicer])).channel
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await subscription_service_pb2_grpc.SubscriptionServiceStub(other).TestSubscription(
            pb.TestSubscriptionRequest(name=made.name)
        )
    assert refusal_of(caught.value).reason == "SECRET_OF_OTHER_KEY"


async def test_the_webhook_of_the_settings_is_shown_and_cannot_be_changed(
    database: Database, tmp_path: Path, serve: Serve
) -> None:
    """It comes first in the list; it can be tried, and every change names the settings."""
    async with running_receiver() as receiver:
        house = SubscriptionHouse(
            database,
            tmp_path,
            webhook_url=SecretStr(receiver.url),
            webhook_secret=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            webhook_events=("started",),
            webhook_strangers=False,
        )
        channel = (await serve([house.servicer])).channel
        client: Client = subscription_service_pb2_grpc.SubscriptionServiceStub(channel)
        made, _ = await _made(client, "https://hooks.example/")
        listed = (await client.ListSubscriptions(pb.ListSubscriptionsRequest())).subscriptions
        assert [each.name for each in listed] == ["subscriptions/settings", made.name]
        page = await client.ListSubscriptions(pb.ListSubscriptionsRequest(page_size=1))
        rest = await client.ListSubscriptions(pb.ListSubscriptionsRequest(page_size=1, page_token=page.next_page_token))
        assert [each.name for each in (*page.subscriptions, *rest.subscriptions)] == [each.name for each in listed]
        shown = listed[0]
        assert (shown.read_only, shown.state) == (True, pb.SUBSCRIPTION_STATE_ACTIVE)
        assert list(shown.filter.kinds) == [kinds.SIGHTING_EVENT_KIND_STARTED]
        assert (shown.filter.without_strangers, shown.webhook.origin) == (True, receiver.url.removesuffix("/hook"))
        assert not shown.HasField("create_time")
        assert (await client.TestSubscription(pb.TestSubscriptionRequest(name=shown.name))).delivered
    assert json.loads(receiver.messages[0].body)["type"] == "webhook.test"
    since = pb.ReplaySubscriptionRequest(name=shown.name)
    since.start_time.FromDatetime(_START)
    asked = pb.Subscription(name=shown.name, display_name="mine")
    for call in (
        client.UpdateSubscription(pb.UpdateSubscriptionRequest(subscription=asked)),
        client.PauseSubscription(pb.PauseSubscriptionRequest(name=shown.name)),
        client.ResumeSubscription(pb.ResumeSubscriptionRequest(name=shown.name)),
        client.ReplaySubscription(since),
        client.ListDeliveries(pb.ListDeliveriesRequest(parent=shown.name)),
        client.RotateSubscriptionSecret(pb.RotateSubscriptionSecretRequest(name=shown.name)),
        client.DeleteSubscription(pb.DeleteSubscriptionRequest(name=shown.name)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert refusal_of(caught.value).reason == "READ_ONLY"


async def test_times_and_tokens_that_cannot_be_are_refused(client: Client) -> None:
    """A replay says since when; an overlap is at most 30 days; a page goes on in the list that it is of."""
    made, _ = await _made(client, "https://hooks.example/")
    calls = (
        client.ReplaySubscription(pb.ReplaySubscriptionRequest(name=made.name)),
        client.RotateSubscriptionSecret(
            pb.RotateSubscriptionSecretRequest(name=made.name, keep_previous=Duration(seconds=31 * 86_400))
        ),
        client.ListDeliveries(pb.ListDeliveriesRequest(parent=made.name, page_token="bm9uZQ")),
        client.ListDeliveries(pb.ListDeliveriesRequest(parent=made.name, outcome=9)),  # type: ignore[arg-type]
        client.GetSubscription(pb.GetSubscriptionRequest(name="people/ana")),
    )
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_people_are_told_in_words_and_their_urls_are_shown_to_nobody(
    client: Client, house: SubscriptionHouse, database: Database
) -> None:
    """A trial message, and an event, each by e-mail; the database has nothing of the URLs that can be read."""
    async with running_mailbox() as mailbox:
        url = f"mailto://127.0.0.1:{mailbox.port}/?from=p@school.example&to=ana@school.example"
        asked = pb.Subscription(display_name="Ana's mother", people=pb.PeopleSink(urls=[url], language="es"))
        made = await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))
        shown = made.subscription
        assert (made.secret, shown.secret_count, shown.concurrency) == ("", 0, 1)
        assert (list(shown.people.urls), list(shown.people.schemas), shown.people.language) == ([], ["mailto"], "es")
        tried = await client.TestSubscription(pb.TestSubscriptionRequest(name=shown.name))
        assert (tried.delivered, tried.problem) == (True, "")
        async with house.sending():
            await house.visit("door", "ana", 1)

            async def delivered() -> bool:
                found = await client.ListDeliveries(pb.ListDeliveriesRequest(parent=shown.name))
                return any(each.outcome == pb.DELIVERY_OUTCOME_DELIVERED for each in found.deliveries)

            await _until(delivered)
    assert [mail["subject"] for mail in mailbox.mails[:2]] == ["Esta es una prueba de Portero", "Se ve a Ana"]

    async def row(connection: AsyncConnection) -> str:
        return str((await connection.execute(select(subscriptions))).one())

    assert "school.example" not in await database.read(row)


async def test_what_people_cannot_have_is_refused(client: Client) -> None:
    """A schema that is not allowed, a secret that signs, and no destination at all."""
    asked = pb.Subscription(display_name="x", people=pb.PeopleSink(urls=["dbus://S3CR3T"]))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))
    assert refusal_of(caught.value).reason == "SCHEMA_REFUSED"
    assert "S3CR3T" not in (caught.value.details() or "")
    asked.people.urls[:] = ["tgram://123456789:abcdefg_hijklmnop/12315544/"]
    made = await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.RotateSubscriptionSecret(pb.RotateSubscriptionSecretRequest(name=made.subscription.name))
    assert refusal_of(caught.value).reason == "NOT_SIGNED"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=pb.Subscription(display_name="x")))
    assert "subscription.people or subscription.aws must be set" in (caught.value.details() or "")
    asked.concurrency = 2
    several = pb.Subscription(name=made.subscription.name, concurrency=2)
    for call in (
        client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked)),
        client.UpdateSubscription(pb.UpdateSubscriptionRequest(subscription=several)),
    ):
        with pytest.raises(grpc.aio.AioRpcError, match=r"subscription\.concurrency must be 1, since people") as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_queue_is_told_and_its_arn_is_shown(client: Client, house: SubscriptionHouse) -> None:
    """A trial message, and an event, each as JSON with its id."""
    with running_aws():
        queue = new_queue("sightings.fifo")
        sink = pb.AwsSink(service=pb.AWS_SERVICE_SQS, destination=queue.arn)
        asked = pb.Subscription(display_name="Lake", aws=sink)
        made = await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))
        shown = made.subscription
        assert (made.secret, shown.secret_count, shown.concurrency, shown.aws) == ("", 0, 8, sink)
        tried = await client.TestSubscription(pb.TestSubscriptionRequest(name=shown.name))
        assert (tried.delivered, tried.problem) == (True, "")
        async with house.sending():
            await house.visit("door", "ana", 1)

            async def delivered() -> bool:
                found = await client.ListDeliveries(pb.ListDeliveriesRequest(parent=shown.name))
                return any(each.outcome == pb.DELIVERY_OUTCOME_DELIVERED for each in found.deliveries)

            await _until(delivered)
        trial, event = queue.bodies()[:2]
    assert (trial["type"], event["type"], event["data"]["person"]) == ("webhook.test", "sighting.started", "people/ana")
    assert event["message_id"].startswith("evt_")


@pytest.mark.parametrize(
    ("service", "destination", "field"),
    [
        (pb.AWS_SERVICE_UNSPECIFIED, "arn:aws:sqs:us-east-1:123456789012:q", "subscription.aws.service"),
        (pb.AWS_SERVICE_SNS, "arn:aws:sqs:us-east-1:123456789012:q", "subscription.aws.destination"),
    ],
)
async def test_a_destination_that_is_none_of_the_service_is_refused(
    client: Client, service: pb.AwsService.ValueType, destination: str, field: str
) -> None:
    """With the field that is wrong."""
    asked = pb.Subscription(display_name="x", aws=pb.AwsSink(service=service, destination=destination))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in (caught.value.details() or "")
