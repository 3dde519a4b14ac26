"""SubscriptionService over a real connection and a real database: when people are told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from portero.v1 import subscription_service_pb2 as pb
from portero.v1 import subscription_service_pb2_grpc
from portero.v1.sighting_service_pb2 import SIGHTING_EVENT_KIND_STARTED

from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.store.database import Database
from tests.support.attendance.classroom import HOUR, SESSION, Classroom
from tests.support.server.mail_receiver import Mailbox, running_mailbox
from tests.support.server.serving import Serve
from tests.support.server.subscription_house import SubscriptionHouse
from tests.support.server.webhook_receiver import Receiver, running_receiver
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock

Client: TypeAlias = "subscription_service_pb2_grpc.SubscriptionServiceAsyncStub"


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> SubscriptionHouse:
    """Subscriptions of the database, a camera and a person."""
    house = SubscriptionHouse(database, tmp_path)
    await house.cameras.create("door", display_name="door", site="north")
    await house.people.create("ana", "Ana Ñúñez", {})
    return house


@pytest.fixture
async def client(house: SubscriptionHouse, serve: Serve) -> Client:
    """A client of the service."""
    stub: Client = subscription_service_pb2_grpc.SubscriptionServiceStub((await serve([house.servicer])).channel)
    return stub


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _quiet_now() -> pb.DeliverySchedule:
    """Returns quiet hours around now, whenever the test runs."""
    now = datetime.now(UTC)
    begins, ends = now - timedelta(hours=2), now + timedelta(hours=2)
    return pb.DeliverySchedule(quiet_from=_clock(begins), quiet_until=_clock(ends), time_zone="UTC")


async def _made(client: Client, mailbox: Mailbox, schedule: pb.DeliverySchedule) -> pb.Subscription:
    url = f"mailto://127.0.0.1:{mailbox.port}/?from=p@school.example&to=ana@school.example"
    people = pb.PeopleSink(urls=[url], language="es")
    asked = pb.Subscription(display_name="Ana", people=people, schedule=schedule)
    return (await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))).subscription


async def _changed(client: Client, name: str, schedule: pb.DeliverySchedule | None) -> pb.Subscription:
    request = pb.UpdateSubscriptionRequest(
        subscription=pb.Subscription(name=name, schedule=schedule), update_mask=FieldMask(paths=["schedule"])
    )
    return (await client.UpdateSubscription(request)).subscription


async def _until_mails(client: Client, mailbox: Mailbox, number: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(mailbox.mails) < number:
            await client.ListSubscriptions(pb.ListSubscriptionsRequest())


async def _witness(client: Client, receiver: Receiver, wanted: pb.SubscriptionFilter | None = None) -> None:
    """Subscribes a receiver that is told at once."""
    asked = pb.Subscription(display_name="w", webhook=pb.WebhookSink(url=receiver.url), filter=wanted)
    await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))


async def test_a_change_of_quiet_hours_is_followed_at_once_and_a_trial_ignores_them(
    client: Client, house: SubscriptionHouse
) -> None:
    """What waits in them is sent as soon as there are none."""
    async with running_mailbox() as mailbox, running_receiver() as receiver, house.sending():
        await _witness(client, receiver)
        quiet = _quiet_now()
        made = await _made(client, mailbox, quiet)
        assert made.schedule == quiet
        assert (await client.GetSubscription(pb.GetSubscriptionRequest(name=made.name))).subscription == made
        await house.visit("door", "ana", 1)
        await receiver.until(lambda: len(receiver.messages) == 1)
        tried = await client.TestSubscription(pb.TestSubscriptionRequest(name=made.name))
        assert tried.delivered
        assert [mail["subject"] for mail in mailbox.mails] == ["Esta es una prueba de Portero"]
        changed = await _changed(client, made.name, None)
        assert not changed.HasField("schedule")
        await _until_mails(client, mailbox, 2)
    assert str(mailbox.mails[1]["subject"]) == "Se ve a Ana Ñúñez"


@dataclass
class _School:
    """A class of which only Ana came to its lesson, in the quiet hours of its parents, and any number of servers."""

    classroom: Classroom
    database: Database
    folder: Path
    client: Client
    house: SubscriptionHouse

    def server(self) -> SubscriptionHouse:
        """Returns another server of the same database."""
        return SubscriptionHouse(self.database, self.folder, self.classroom.clock)

    async def subscribe(self, mailbox: Mailbox, schedule: pb.DeliverySchedule) -> str:
        """Subscribes a mailbox to absences and to whoever is seen, and returns the subscription's name."""
        url = f"mailto://127.0.0.1:{mailbox.port}/?from=p@school.example&to=home@school.example"
        asked = pb.Subscription(
            display_name="Home",
            people=pb.PeopleSink(urls=[url], language="es"),
            filter=_ABSENCES_AND_ARRIVALS,
            schedule=schedule,
        )
        return (
            await self.client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))
        ).subscription.name

    async def until_delivered(self, name: str, count: int) -> list[str]:
        """Waits until so many messages were taken, and returns their types."""
        request = pb.ListDeliveriesRequest(parent=name, outcome=pb.DELIVERY_OUTCOME_DELIVERED)
        async with asyncio.timeout(PATIENCE):
            while len(found := (await self.client.ListDeliveries(request)).deliveries) < count:
                pass
        return [each.notice_type for each in sorted(found, key=lambda each: each.position)]


_ABSENCES_AND_ARRIVALS = pb.SubscriptionFilter(
    attendance=[pb.ATTENDANCE_NOTICE_KIND_ABSENT], kinds=[SIGHTING_EVENT_KIND_STARTED]
)


@pytest.fixture
async def school(database: Database, tmp_path: Path, serve: Serve) -> _School:
    """The lesson is over, at seven in the morning of Santiago, and not decided."""
    classroom = Classroom(database, ManualClock())
    house = SubscriptionHouse(database, tmp_path, classroom.clock)
    await classroom.furnish("ana", "ben", "eva", "leo")
    await classroom.watch()
    await classroom.sees("ana", 0, HOUR)
    classroom.clock.advance(2 * HOUR)
    channel = (await serve([house.servicer])).channel
    stub: Client = subscription_service_pb2_grpc.SubscriptionServiceStub(channel)
    return _School(classroom, database, tmp_path, stub, house)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return "\n".join(line.rstrip() for line in str(body.get_content()).splitlines())


@pytest.mark.parametrize(
    ("schedule", "moment", "hours"),
    [
        (pb.DeliverySchedule(digest_every=Duration(seconds=1800)), "08:00", 1.25),
        (pb.DeliverySchedule(digest_at="08:30"), "08:30", 1.75),
    ],
)
async def test_what_is_held_over_quiet_hours_is_told_once_in_one_digest(
    school: _School, schedule: pb.DeliverySchedule, moment: str, hours: float
) -> None:
    """By two servers that begin after one was stopped; nothing of who was erased, and no absence that was withdrawn."""
    quiet = pb.DeliverySchedule(quiet_from="22:00", quiet_until="08:00", time_zone="America/Santiago")
    quiet.MergeFrom(schedule)
    async with running_mailbox() as mailbox, running_receiver() as receiver:
        name = await school.subscribe(mailbox, quiet)
        await _witness(school.client, receiver, _ABSENCES_AND_ARRIVALS)
        async with school.house.sending():
            await school.classroom.sessions.decide(SESSION)
            await school.classroom.remarks.correct(school.classroom.correction("ben", AttendanceStatus.PRESENT))
            await school.house.visit("door", "ana", 31)
            await school.house.visit("door", "leo", 32)
            # Three absences, one of them withdrawn, and two arrivals.
            await receiver.until(lambda: len(receiver.messages) == 6)
            await school.house.people.delete("leo")
        assert mailbox.mails == []
        school.classroom.clock.advance(hours * HOUR)
        async with school.server().sending(), school.server().sending():
            assert await school.until_delivered(name, 2) == ["digest.events", "digest.attendance"]
        school.classroom.clock.advance(24 * HOUR)
        async with school.server().sending():
            await school.house.visit("door", "eva", 33)
            await school.until_delivered(name, 2)
            school.classroom.clock.advance(24 * HOUR)
        async with school.server().sending():
            assert await school.until_delivered(name, 3) == ["digest.events", "digest.events", "digest.attendance"]
    by_title = sorted((str(mail["subject"]), _text(mail).strip()) for mail in mailbox.mails)
    assert len(by_title) == 3
    assert [title for title, _ in by_title[:2]] == [
        f"Resumen del 2026-03-02 {moment}: 1 aviso",
        f"Resumen del 2026-03-02 {moment}: 2 avisos",
    ]
    assert by_title[0][1] == "Eva: ausente (1° básico B, 05:00)\n\nHoras: America/Santiago"
    arrivals = by_title[1][1]
    assert arrivals.count("Se ve a Ana (door)") == 1
    assert arrivals.count("Se ve a una persona desconocida (door)") == 1
    assert "Leo" not in "".join(text for _, text in by_title)
    assert "Se ve a Eva (door)" in by_title[2][1]


async def test_what_is_held_without_a_digest_is_told_in_order_when_the_quiet_hours_end(school: _School) -> None:
    """Each once, but for the absence that was withdrawn in them."""
    async with running_mailbox() as mailbox:
        name = await school.subscribe(
            mailbox, pb.DeliverySchedule(quiet_from="22:00", quiet_until="08:00", time_zone="America/Santiago")
        )
        await school.classroom.sessions.decide(SESSION)
        await school.classroom.remarks.correct(school.classroom.correction("ben", AttendanceStatus.PRESENT))
        school.classroom.clock.advance(1.5 * HOUR)
        async with school.server().sending(), school.server().sending():
            assert await school.until_delivered(name, 2) == ["attendance.absent"] * 2
    assert [mail["subject"] for mail in mailbox.mails] == ["Eva: ausente", "Leo: ausente"]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (pb.DeliverySchedule(quiet_from="22:00", time_zone="UTC"), "subscription.schedule.quiet_until must be set"),
        (
            pb.DeliverySchedule(quiet_from="22:00", quiet_until="07:00", digest_at="06:00", time_zone="UTC"),
            "subscription.schedule.digest_at must not be from subscription.schedule.quiet_from",
        ),
        (pb.DeliverySchedule(digest_at="18:00", time_zone="Mars"), "subscription.schedule.time_zone must be an IANA"),
        (
            pb.DeliverySchedule(digest_every=Duration(seconds=60), time_zone="UTC"),
            "subscription.schedule.digest_every must be whole minutes from 5 minutes to 12 hours",
        ),
    ],
)
async def test_what_makes_no_schedule_is_refused(client: Client, schedule: pb.DeliverySchedule, words: str) -> None:
    """When it is made, and when it is changed; what was stored stays."""
    async with running_mailbox() as mailbox:
        with pytest.raises(grpc.aio.AioRpcError, match=words) as caught:
            await _made(client, mailbox, schedule)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        made = await _made(client, mailbox, _quiet_now())
        with pytest.raises(grpc.aio.AioRpcError, match=words):
            await _changed(client, made.name, schedule)
        assert (await client.GetSubscription(pb.GetSubscriptionRequest(name=made.name))).subscription == made


async def test_a_webhook_has_no_schedule(client: Client) -> None:
    """Neither a new one nor one that is changed."""
    asked = pb.Subscription(display_name="x", webhook=pb.WebhookSink(url="https://hooks.example/"))
    made = (await client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))).subscription
    for call in (
        client.CreateSubscription(
            pb.CreateSubscriptionRequest(
                subscription=pb.Subscription(display_name="x", webhook=asked.webhook, schedule=_quiet_now())
            )
        ),
        client.UpdateSubscription(
            pb.UpdateSubscriptionRequest(subscription=pb.Subscription(name=made.name, schedule=_quiet_now()))
        ),
    ):
        with pytest.raises(grpc.aio.AioRpcError, match=r"subscription\.schedule must be empty") as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
