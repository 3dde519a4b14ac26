"""`portero subscriptions` makes, shows, changes, tries, replays and deletes webhooks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from portero.v1 import sighting_service_pb2, subscription_service_pb2

from portero_cli.exits import ExitCode
from portero_client import (
    AwsService,
    AwsSink,
    BlockingPorteroClient,
    DeliveryOutcome,
    DeliverySchedule,
    NotFound,
    PeopleSink,
    PorteroClient,
    SightingEventKind,
    Subscription,
    SubscriptionFilter,
    SubscriptionState,
)
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer
from tests.support.client.subscriptions import NOON, stamp

_URL = "https://hooks.example/T0K3N"


@pytest.fixture
async def made(cli: Cli, server: FakeServer) -> FakeServer:
    """One subscription, s1, with a delivery and a dead letter."""
    assert (await cli("subscriptions", "create", "Desk", _URL)).code == ExitCode.OK
    for position, outcome, status, problem in (
        (2, subscription_service_pb2.DELIVERY_OUTCOME_GIVEN_UP, 422, "it answered 422"),
        (1, subscription_service_pb2.DELIVERY_OUTCOME_DELIVERED, 204, ""),
    ):
        server.subscriptions.deliveries.append(
            subscription_service_pb2.SubscriptionDelivery(
                position=position,
                message_id=f"evt_s{position}_{position}",
                camera="cameras/door",
                kind=sighting_service_pb2.SIGHTING_EVENT_KIND_STARTED,
                event_time=stamp(NOON),
                outcome=outcome,
                http_status=status,
                problem=problem,
                attempt_count=5,
                first_attempt_time=stamp(NOON),
                last_attempt_time=stamp(NOON),
            )
        )
    return server


async def test_a_webhook_is_made_with_all_its_conditions(cli: Cli, server: FakeServer) -> None:
    """Its secret is printed once, alone on stdout; its URL is not printed."""
    conditions = ("--camera", "door", "--site", "north", "--person", "ana", "--min-similarity", "0.8")
    kinds = ("--event", "started", "--event", "left", "--without-strangers", "--concurrency", "2")
    result = await cli("subscriptions", "create", "Desk", _URL, *conditions, *kinds)
    assert result.out.strip() == "whsec_first"
    assert server.subscriptions.urls == {"subscriptions/s1": _URL}
    document = (await cli("subscriptions", "get", "s1", "--json")).document["subscription"]
    assert document["filter"] == {
        "kinds": ["started", "left"],
        "cameras": ["cameras/door"],
        "sites": ["north"],
        "people": ["people/ana"],
        "min_similarity": 0.8,
        "without_strangers": True,
        "limited_to_people": True,
        "attendance": [],
        "groups": [],
    }
    assert (document["webhook"], document["concurrency"]) == ({"origin": "https://hooks.example"}, 2)
    listed = (await cli("subscriptions", "list")).out
    for word in ("Desk", "https://hooks.example", "active", "sites/north", "no strangers", "≥0.8"):
        assert word in listed
    assert "T0K3N" not in listed


async def test_with_json_the_secret_is_in_the_document(cli: Cli) -> None:
    """For programs."""
    document = (await cli("subscriptions", "create", "Desk", _URL, "--json")).document
    assert (document["secret"], document["subscription"]["name"]) == ("whsec_first", "subscriptions/s1")


async def test_conditions_are_replaced_as_a_whole(cli: Cli, made: FakeServer) -> None:
    """A name or a concurrency alone leaves them; --everything takes them away."""
    stored = made.subscriptions.subscriptions["subscriptions/s1"]
    await cli("subscriptions", "update", "s1", "--site", "north", "--without-strangers")
    assert (list(stored.filter.sites), stored.filter.without_strangers) == (["north"], True)
    await cli("subscriptions", "update", "subscriptions/s1", "--name", "Lobby", "--concurrency", "3")
    assert (stored.display_name, stored.concurrency, list(stored.filter.sites)) == ("Lobby", 3, ["north"])
    await cli("subscriptions", "update", "s1", "--camera", "door")
    assert (list(stored.filter.sites), list(stored.filter.cameras)) == ([], ["cameras/door"])
    both = await cli("subscriptions", "update", "s1", "--everything", "--camera", "door")
    assert both.code == ExitCode.USAGE
    await cli("subscriptions", "update", "s1", "--everything")
    assert list(stored.filter.cameras) == []


async def test_it_is_paused_and_resumed(cli: Cli, made: FakeServer) -> None:
    """The table says so."""
    assert "paused" in (await cli("subscriptions", "pause", "s1")).out
    assert "active" in (await cli("subscriptions", "resume", "s1")).out
    assert (await cli("subscriptions", "pause", "s9")).code == ExitCode.NOT_FOUND


async def test_a_trial_that_is_not_taken_fails_the_command(cli: Cli, made: FakeServer) -> None:
    """What was answered is printed."""
    taken = await cli("subscriptions", "test", "s1")
    assert (taken.code, taken.out.strip()) == (ExitCode.OK, "it took the message and answered 204")
    made.subscriptions.trial = subscription_service_pb2.TestSubscriptionResponse(problem="it cannot be reached")
    away = await cli("subscriptions", "test", "s1")
    assert (away.code, away.out.strip()) == (ExitCode.FAILED, "not taken: it cannot be reached")
    document = (await cli("subscriptions", "test", "s1", "--json")).document
    assert document["trial"] == {"delivered": False, "http_status": None, "problem": "it cannot be reached"}


async def test_deliveries_are_shown_with_their_last_answers(cli: Cli, made: FakeServer) -> None:
    """All, or the dead letters alone."""
    listed = (await cli("subscriptions", "deliveries", "s1")).out
    assert ("it answered 422" in listed, "delivered" in listed) == (True, True)
    document = (await cli("subscriptions", "deliveries", "s1", "--outcome", "given_up", "--json")).document
    (dead,) = document["deliveries"]
    assert (dead["message_id"], dead["http_status"], dead["attempt_count"]) == ("evt_s2_2", 422, 5)


async def test_what_happened_since_a_time_is_sent_again(cli: Cli, made: FakeServer) -> None:
    """The time is one with its zone, or a duration ago."""
    assert (await cli("subscriptions", "replay", "s1", "2026-05-01T10:00:00Z")).code == ExitCode.OK
    assert made.subscriptions.replayed == {"subscriptions/s1": datetime(2026, 5, 1, 10, tzinfo=UTC)}
    assert (await cli("subscriptions", "replay", "s1", "yesterday")).code == ExitCode.USAGE


async def test_a_new_secret_is_printed_once(cli: Cli, made: FakeServer) -> None:
    """For how long the others still sign is the server's default unless it is said."""
    assert (await cli("subscriptions", "rotate-secret", "s1", "--yes")).out.strip() == "whsec_second"
    await cli("subscriptions", "rotate-secret", "s1", "--keep-previous", "2h", "--yes")
    await cli("subscriptions", "rotate-secret", "s1", "--keep-previous", "0s", "--yes")
    assert made.subscriptions.overlaps == [-1, 7200, 0]


async def test_deleting_names_what_is_gone(cli: Cli, made: FakeServer) -> None:
    """One that is unknown fails, and the others are deleted nevertheless."""
    result = await cli("subscriptions", "delete", "s9", "s1", "--yes", "--json")
    assert (result.code, result.document["deleted"]) == (ExitCode.NOT_FOUND, ["subscriptions/s1"])
    assert made.subscriptions.subscriptions == {}
    assert "no subscription" in (await cli("subscriptions", "list")).out


async def test_a_program_does_the_same_with_the_client(made: FakeServer) -> None:
    """No representation shows a secret; what a newer server says is kept apart."""
    async with PorteroClient(made.address) as client:
        wanted = SubscriptionFilter(kinds=(SightingEventKind.LEFT,), people=("ana",))
        new = await client.subscriptions.create("Two", url=_URL, wanted=wanted)
        assert (new.secret, "whsec" in repr(new)) == ("whsec_first", False)
        assert new.subscription.filter.kinds == (SightingEventKind.LEFT,)
        assert new.subscription.filter.people == ("people/ana",)
        paused = await client.subscriptions.pause("s2")
        assert paused.state is SubscriptionState.PAUSED
        rotated = await client.subscriptions.rotate_secret("s2", keep_previous=timedelta(hours=1))
        assert rotated.subscription.previous_secrets_expire_time == NOON + timedelta(hours=24)
        found = [each async for each in client.subscriptions.deliveries("s1", outcome=DeliveryOutcome.DELIVERED)]
        assert [(each.position, each.problem, each.kind) for each in found] == [(1, "", SightingEventKind.STARTED)]
        made.subscriptions.subscriptions["subscriptions/s2"].state = 9  # type: ignore[assignment]
        assert [each.state async for each in client.subscriptions.list()] == [
            SubscriptionState.ACTIVE,
            SubscriptionState.UNKNOWN,
        ]
        await client.subscriptions.delete("s2")
        with pytest.raises(NotFound):
            await client.subscriptions.get("s2")


def test_threads_have_the_same_methods() -> None:
    """Each of the asynchronous client's."""
    own = {name for name in dir(PorteroClient("h:1").subscriptions) if not name.startswith("_")}
    with BlockingPorteroClient("h:1") as client:
        assert {name for name in dir(client.subscriptions) if not name.startswith("_")} == own


async def test_people_are_subscribed_with_urls_that_no_list_of_processes_shows(
    cli: Cli, server: FakeServer, tmp_path: Path
) -> None:
    """Their schemas and language are shown; there is no secret to show."""
    file = tmp_path / "urls"
    file.write_text("tgram://1:T0K3N/2\nmailtos://me:T0K3N@h.example\n")
    result = await cli(
        "subscriptions", "create", "Ana's mother", "--to", "people", "--urls", str(file), "--language", "es"
    )
    assert result.code == ExitCode.OK
    assert "tgram mailtos (es)" in result.out
    assert "T0K3N" not in result.out + result.err
    assert server.subscriptions.urls == {"subscriptions/s1": "tgram://1:T0K3N/2 mailtos://me:T0K3N@h.example"}
    document = (await cli("subscriptions", "get", "s1", "--json")).document["subscription"]
    assert document["people"] == {"schemas": ["tgram", "mailtos"], "language": "es"}


async def test_what_is_for_people_alone_is_refused_for_a_webhook(cli: Cli, tmp_path: Path) -> None:
    """A language, and a second URL."""
    file = tmp_path / "urls"
    file.write_text("https://a.example\nhttps://b.example\n")
    assert (await cli("subscriptions", "create", "Desk", _URL, "--language", "es")).code == ExitCode.USAGE
    assert (await cli("subscriptions", "create", "Desk", "--urls", str(file))).code == ExitCode.USAGE


async def test_the_blocking_client_subscribes_people(server: FakeServer) -> None:
    """As the asynchronous one does."""
    made = await asyncio.to_thread(_subscribed, server.address)
    assert made.people == PeopleSink(("tgram",), "en")
    assert (made.webhook, made.secret_count) == (None, 0)


def _subscribed(address: str) -> Subscription:
    with BlockingPorteroClient(address) as client:
        return client.subscriptions.create_for_people("Ana", urls=["tgram://1:a/2"])


async def test_attendance_is_asked_for_by_kind_group_and_person(cli: Cli, server: FakeServer) -> None:
    """What was told of it is listed by the type of the message."""
    conditions = ("--attendance", "absent", "--attendance", "late_again", "--group", "1b", "--person", "ana")
    assert (await cli("subscriptions", "create", "Home", _URL, *conditions)).code == ExitCode.OK
    document = (await cli("subscriptions", "get", "s1", "--json")).document["subscription"]
    assert document["filter"]["attendance"] == ["absent", "late_again"]
    assert document["filter"]["groups"] == ["attendanceGroups/1b"]
    assert "absent late_again 1b ana" in (await cli("subscriptions", "get", "s1")).out
    server.subscriptions.deliveries.append(
        subscription_service_pb2.SubscriptionDelivery(
            position=2**52 + 1,
            message_id="evt_n1",
            notice_type="attendance.absent",
            event_time=stamp(NOON),
            outcome=subscription_service_pb2.DELIVERY_OUTCOME_DELIVERED,
            first_attempt_time=stamp(NOON),
            last_attempt_time=stamp(NOON),
        )
    )
    assert "attendance.absent" in (await cli("subscriptions", "deliveries", "s1")).out


@pytest.mark.parametrize(
    ("to", "arn", "shown"),
    [
        ("sqs", "arn:aws:sqs:us-east-1:123456789012:q.fifo", ""),
        ("sns", "arn:aws:sns:us-east-1:123456789012:t", ""),
        ("eventbridge", "arn:aws:events:us-east-1:123456789012:event-bus/b", ""),
        ("kinesis", "arn:aws:kinesis:us-east-1:123456789012:stream/s", ""),
        ("kinesis-stream-processor", "arn:aws:kinesis:us-east-1:123456789012:stream/s", " (stream processor)"),
    ],
)
async def test_a_destination_in_aws_is_subscribed_by_its_arn(
    cli: Cli, server: FakeServer, to: str, arn: str, shown: str
) -> None:
    """It is shown as a whole; there is no secret to show."""
    result = await cli("subscriptions", "create", "Lake", arn, "--to", to)
    assert (result.code, result.err) == (ExitCode.OK, "")
    assert f"{arn}{shown} " in result.out
    document = (await cli("subscriptions", "get", "s1", "--json")).document["subscription"]
    assert document["aws"] == {"service": to, "arn": arn}
    assert (document["webhook"], document["people"], document["secret_count"]) == (None, None, 0)


async def test_the_blocking_client_subscribes_a_destination_in_aws(server: FakeServer) -> None:
    """As the asynchronous one does."""
    arn = "arn:aws:sqs:us-east-1:123456789012:q"

    def made() -> Subscription:
        with BlockingPorteroClient(server.address) as client:
            return client.subscriptions.create_for_aws("Lake", service=AwsService.SQS, destination=arn, concurrency=3)

    found = await asyncio.to_thread(made)
    assert (found.aws, found.concurrency) == (AwsSink(AwsService.SQS, arn), 3)


_NIGHT = ("--quiet-from", "22:00", "--quiet-until", "07:00", "--time-zone", "America/Santiago", "--digest-at", "18:00")


async def test_people_have_quiet_hours_and_a_digest(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """Lists show them; they are changed as a whole, and --at-once takes them away."""
    file = tmp_path / "urls"
    file.write_text("tgram://1:a/2\n")
    made = await cli("subscriptions", "create", "Ana's mother", "--to", "people", "--urls", str(file), *_NIGHT)
    assert made.code == ExitCode.OK
    listed = (await cli("subscriptions", "list", "--json")).document["subscriptions"]
    assert [each["schedule"] for each in listed] == [
        {
            "quiet_from": "22:00",
            "quiet_until": "07:00",
            "digest_at": "18:00",
            "time_zone": "America/Santiago",
            "digest_every": None,
        }
    ]
    assert "tgram (en), quiet 22:00-07:00 digest 18:00 America/Santiago" in " ".join(made.out.split())
    await cli("subscriptions", "update", "s1", "--name", "Mother")
    assert server.subscriptions.subscriptions["subscriptions/s1"].schedule.quiet_from == "22:00"
    await cli("subscriptions", "update", "s1", "--digest-every", "30m", "--time-zone", "Europe/Berlin")
    shown = (await cli("subscriptions", "get", "s1", "--json")).document["subscription"]
    assert shown["schedule"] == {
        "quiet_from": "",
        "quiet_until": "",
        "digest_at": "",
        "time_zone": "Europe/Berlin",
        "digest_every": "1800s",
    }
    table = (await cli("subscriptions", "get", "s1")).out
    assert "tgram (en), digest every 30 min Europe/Berlin" in " ".join(table.split())
    await cli("subscriptions", "update", "s1", "--at-once")
    assert (await cli("subscriptions", "get", "s1", "--json")).document["subscription"]["schedule"] is None


async def test_quiet_hours_are_for_people(cli: Cli) -> None:
    """A webhook has none, and --at-once stands alone."""
    assert (await cli("subscriptions", "create", "Desk", _URL, *_NIGHT)).code == ExitCode.USAGE
    assert (await cli("subscriptions", "update", "s1", "--at-once", *_NIGHT)).code == ExitCode.USAGE


async def test_a_program_gives_people_a_schedule(server: FakeServer) -> None:
    """With either client; an empty one takes it away."""
    night = DeliverySchedule("22:00", "07:00", "", "America/Santiago", timedelta(hours=1))
    async with PorteroClient(server.address) as client:
        made = await client.subscriptions.create_for_people("Ana", urls=["tgram://1:a/2"], schedule=night)
        assert made.schedule == night
    changed = await asyncio.to_thread(_at_once, server.address)
    assert changed.schedule is None


def _at_once(address: str) -> Subscription:
    with BlockingPorteroClient(address) as client:
        return client.subscriptions.update("s1", schedule=DeliverySchedule())
