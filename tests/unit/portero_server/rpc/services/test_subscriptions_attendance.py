"""Attendance from the decision to who is told: a teacher's webhook and a guardian's mailbox."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from portero.v1 import subscription_service_pb2 as pb
from portero.v1 import subscription_service_pb2_grpc
from standardwebhooks import Webhook

from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.store.database import Database
from tests.support.attendance.classroom import HOUR, SESSION, Classroom
from tests.support.server.mail_receiver import running_mailbox
from tests.support.server.serving import Serve
from tests.support.server.subscription_house import SubscriptionHouse
from tests.support.server.webhook_receiver import running_receiver
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock

_ALL = [number for number in pb.AttendanceNoticeKind.values() if number]


@dataclass
class _School:
    """A lesson to which Ana came and Ben did not, and whom to ask."""

    classroom: Classroom
    house: SubscriptionHouse
    client: subscription_service_pb2_grpc.SubscriptionServiceAsyncStub

    async def subscribe(self, wanted: pb.SubscriptionFilter, **sink: pb.WebhookSink | pb.PeopleSink) -> tuple[str, str]:
        """Returns a subscription's name and secret."""
        asked = pb.Subscription(display_name="x", filter=wanted, **sink)  # type: ignore[arg-type]
        made = await self.client.CreateSubscription(pb.CreateSubscriptionRequest(subscription=asked))
        return made.subscription.name, made.secret

    async def delivered(self, name: str) -> list[str]:
        """Returns the types of what was taken, the first one first."""
        request = pb.ListDeliveriesRequest(parent=name, outcome=pb.DELIVERY_OUTCOME_DELIVERED)
        found = (await self.client.ListDeliveries(request)).deliveries
        assert all(each.camera == "" for each in found)
        return [each.notice_type for each in sorted(found, key=lambda each: each.position)]

    async def until_delivered(self, name: str, count: int) -> list[str]:
        """Waits for so many."""
        async with asyncio.timeout(PATIENCE):
            while len(found := await self.delivered(name)) < count:
                pass
        return found


@pytest.fixture
async def school(database: Database, tmp_path: Path, serve: Serve) -> _School:
    """A school whose lesson is over and not decided."""
    house = SubscriptionHouse(database, tmp_path)
    classroom = Classroom(database, ManualClock())
    await classroom.furnish()
    await classroom.watch()
    await classroom.sees("ana", 0, HOUR)
    classroom.clock.advance(2 * HOUR)
    channel = (await serve([house.servicer])).channel
    return _School(classroom, house, subscription_service_pb2_grpc.SubscriptionServiceStub(channel))


async def test_a_teacher_is_told_of_the_group_and_a_guardian_of_one_child(school: _School) -> None:
    """Each once, and of the correction too; neither is told of sightings."""
    async with running_receiver() as receiver, running_mailbox() as mailbox:
        mail = f"mailto://127.0.0.1:{mailbox.port}/?from=p@school.example&to=home@school.example"
        teacher, secret = await school.subscribe(
            pb.SubscriptionFilter(attendance=_ALL, groups=["attendanceGroups/1b"]),
            webhook=pb.WebhookSink(url=receiver.url),
        )
        other, _ = await school.subscribe(
            pb.SubscriptionFilter(attendance=_ALL, groups=["attendanceGroups/2a"]),
            webhook=pb.WebhookSink(url=receiver.url),
        )
        anas, _ = await school.subscribe(
            pb.SubscriptionFilter(attendance=_ALL, people=["people/ana"]),
            people=pb.PeopleSink(urls=[mail], language="es"),
        )
        bens, _ = await school.subscribe(
            pb.SubscriptionFilter(attendance=_ALL, people=["people/ben"]),
            people=pb.PeopleSink(urls=[mail], language="es"),
        )
        async with school.house.sending():
            await school.classroom.sessions.decide(SESSION)
            await school.classroom.sessions.decide(SESSION)
            await school.classroom.remarks.correct(school.classroom.correction("ben", AttendanceStatus.PRESENT))
            types = ["attendance.absent", "attendance.withdrawn"]
            assert await school.until_delivered(teacher, 2) == types
            assert await school.until_delivered(bens, 2) == types
            assert await school.delivered(other) == await school.delivered(anas) == []
    told = [Webhook(secret).verify(message.body, message.headers) for message in receiver.messages]
    assert [(each["type"], each["data"]["person"]) for each in told] == [(each, "people/ben") for each in types]
    assert [each["subject"] for each in mailbox.mails] == ["Ben: ausente", "Corrección: ya no es así: Ben: ausente"]


async def test_a_replay_tells_notices_again_with_the_same_ids(school: _School) -> None:
    """As it does events."""
    async with running_receiver() as receiver:
        name, _ = await school.subscribe(
            pb.SubscriptionFilter(attendance=_ALL), webhook=pb.WebhookSink(url=receiver.url)
        )
        before = school.classroom.clock.now()
        async with school.house.sending():
            await school.classroom.sessions.decide(SESSION)
            await school.until_delivered(name, 1)
            request = pb.ReplaySubscriptionRequest(name=name)
            request.start_time.FromDatetime(before)
            await school.client.ReplaySubscription(request)
            await receiver.until(lambda: len(receiver.messages) == 2)
    assert len({message.headers["webhook-id"] for message in receiver.messages}) == 1


async def test_a_pause_holds_notices_too(school: _School) -> None:
    """They are told when it is resumed."""
    async with running_receiver() as receiver:
        name, _ = await school.subscribe(
            pb.SubscriptionFilter(attendance=_ALL), webhook=pb.WebhookSink(url=receiver.url)
        )
        await school.client.PauseSubscription(pb.PauseSubscriptionRequest(name=name))
        async with school.house.sending():
            await school.classroom.sessions.decide(SESSION)
            await school.house.visit("door", None, 9)
            assert receiver.messages == []
            await school.client.ResumeSubscription(pb.ResumeSubscriptionRequest(name=name))
            assert await school.until_delivered(name, 1) == ["attendance.absent"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (pb.SubscriptionFilter(groups=["attendanceGroups/1b"]), "subscription.filter.groups"),
        (pb.SubscriptionFilter(attendance=[pb.ATTENDANCE_NOTICE_KIND_UNSPECIFIED]), "subscription.filter.attendance"),
        (pb.SubscriptionFilter(attendance=_ALL, cameras=["cameras/door"]), "subscription.filter.attendance"),
        (pb.SubscriptionFilter(attendance=_ALL, groups=["1b"]), "subscription.filter.groups"),
    ],
)
async def test_conditions_that_mean_nothing_are_refused(
    school: _School, wanted: pb.SubscriptionFilter, words: str
) -> None:
    """The field is named."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await school.subscribe(wanted, webhook=pb.WebhookSink(url="https://hooks.example/"))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert words in (caught.value.details() or "")


async def test_a_subscription_of_some_cameras_is_never_told_of_attendance(school: _School) -> None:
    """Groups are of no camera: an admin of everything cannot add them either."""
    subscription_id = await school.house.subscribe("door")
    asked = pb.Subscription(name=f"subscriptions/{subscription_id}", filter=pb.SubscriptionFilter(attendance=_ALL))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await school.client.UpdateSubscription(pb.UpdateSubscriptionRequest(subscription=asked))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
