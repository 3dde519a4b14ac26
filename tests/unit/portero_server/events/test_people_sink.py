"""Messages to people, through Apprise, to a real SMTP server and a real HTTP receiver."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from portero_server.domain.events.apprise_urls import KNOWN_SCHEMAS, AppriseUrl
from portero_server.domain.events.delivery import DeliveryResult
from portero_server.domain.events.message import EventMessage
from portero_server.domain.events.schedules import checked_schedule
from portero_server.domain.events.subscriptions import SinkKind
from portero_server.errors import InvalidInput
from portero_server.events.people_sink import PeopleRules, PeopleSender, PeopleSink
from portero_server.events.sealed_endpoints import EndpointRules, SealedEndpoints
from portero_server.events.sinks import Destination
from portero_server.events.webhook import Sent
from portero_server.vault.sealing import SecretSeal
from tests.support.server.mail_receiver import running_mailbox
from tests.support.server.webhook_receiver import Receiver, running_receiver
from tests.support.store.memory_told import MemoryTold
from tests.support.store.subscriptions import new_subscription
from tests.support.time.virtual_time import ManualClock

_HERE = (ipaddress.ip_network("127.0.0.0/8"),)
_RULES = PeopleRules(frozenset(KNOWN_SCHEMAS), _HERE, 15.0, ZoneInfo("America/Santiago"))
_NAME = "Zoë Ñúñez Íñiguez"
_MESSAGE = EventMessage(
    "evt_s1_7",
    {
        "type": "sighting.started",
        "timestamp": "2026-03-02T11:14:00.000Z",
        "data": {"display_name": _NAME, "camera": "cameras/door"},
    },
)


def _json(receiver: Receiver) -> AppriseUrl:
    return AppriseUrl(f"json://{receiver.url.removeprefix('http://')}", "json")


async def _sent(*urls: AppriseUrl, rules: PeopleRules = _RULES, language: str = "es") -> Sent:
    async with PeopleSender(urls, rules, language, MemoryTold().people()) as sender:
        return await sender.send(_MESSAGE)


async def test_an_e_mail_has_the_name_in_title_and_zone_of_the_site() -> None:
    """Letters with tildes and accents come as they are."""
    async with running_mailbox() as mailbox:
        url = f"mailto://127.0.0.1:{mailbox.port}?from=portero@school.example&to=ana@school.example"
        assert await _sent(AppriseUrl(url, "mailto")) == Sent(DeliveryResult.DELIVERED)
        (mail,), (recipients,) = mailbox.mails, mailbox.recipients
    assert (mail["subject"], recipients) == (f"Se ve a {_NAME}", ["ana@school.example"])
    body = mail.get_body(("plain",)) or mail
    assert "Hora: 2026-03-02 08:14 (America/Santiago)" in body.get_content()


async def test_a_receiver_of_json_gets_title_and_text() -> None:
    """In the language of the subscription."""
    async with running_receiver() as receiver:
        assert await _sent(_json(receiver), language="en") == Sent(DeliveryResult.DELIVERED)
        (message,) = receiver.messages
    content = json.loads(message.body)
    assert content["title"] == f"{_NAME} is seen"
    assert content["message"].startswith("Camera: door")


async def test_only_who_did_not_take_a_message_is_sent_it_again() -> None:
    """The others have it already."""
    async with (
        running_receiver() as well,
        running_receiver(lambda n: web.Response(status=500 if n == 1 else 204)) as ill,
    ):
        async with PeopleSender([_json(well), _json(ill)], _RULES, "en", MemoryTold().people()) as sender:
            first = await sender.send(_MESSAGE)
            second = await sender.send(_MESSAGE)
        assert (len(well.messages), len(ill.messages)) == (1, 2)
    assert first == Sent(DeliveryResult.REFUSED, problem="destination 2 (json): it did not take the message")
    assert second == Sent(DeliveryResult.DELIVERED)


async def test_another_server_sends_only_to_who_did_not_take_a_message() -> None:
    """As the database has it, until all have the message."""
    kept = MemoryTold()
    async with (
        running_receiver() as well,
        running_receiver(lambda n: web.Response(status=500 if n <= 2 else 204)) as ill,
    ):
        results = []
        for _ in range(3):
            async with PeopleSender([_json(ill), _json(well)], _RULES, "en", kept.people()) as sender:
                results.append((await sender.send(_MESSAGE)).result)
                noted = dict(kept.told)
        assert (len(well.messages), len(ill.messages)) == (1, 3)
    assert results == [DeliveryResult.REFUSED, DeliveryResult.REFUSED, DeliveryResult.DELIVERED]
    assert noted == {}


async def test_who_has_a_message_is_known_here_while_the_database_is_away() -> None:
    """Where it is not known nothing is sent: somebody might be told twice."""
    kept = MemoryTold()
    async with (
        running_receiver() as well,
        running_receiver(lambda n: web.Response(status=500 if n == 1 else 204)) as ill,
    ):
        async with PeopleSender([_json(well), _json(ill)], _RULES, "en", told := kept.people()) as sender:
            assert (await sender.send(_MESSAGE)).result is DeliveryResult.REFUSED
            kept.broken = True
            assert await told.of(_MESSAGE.message_id) == {0}
            assert (await sender.send(_MESSAGE)).result is DeliveryResult.DELIVERED
            again = await sender.send(_MESSAGE)
        assert (len(well.messages), len(ill.messages)) == (1, 2)
    assert again == Sent(DeliveryResult.FAILED, problem="the database does not answer, which knows who has the message")


@pytest.mark.parametrize(
    ("url", "networks", "problem"),
    [
        ("json://127.0.0.1:9/S3CR3T", (), "this machine itself"),
        ("jsons://localhost:9/S3CR3T", (), "this machine itself"),
        ("json://169.254.169.254/S3CR3T", _HERE, "link-local"),
        ("jsons://[::ffff:10.0.0.1]/S3CR3T", _HERE, "private"),
        ("mailtos://me:S3CR3T@example.org?smtp=127.0.0.1&to=a@example.org", (), "this machine itself"),
    ],
)
async def test_nothing_is_sent_where_nothing_may_be_sent(
    url: str, networks: tuple[ipaddress.IPv4Network, ...], problem: str
) -> None:
    """The guard stands before every client of Apprise, at the moment of sending."""
    sent = await _sent(AppriseUrl(url, url.partition("://")[0]), rules=replace(_RULES, networks=networks))
    assert sent.result is DeliveryResult.FAILED
    assert problem in sent.problem
    assert "S3CR3T" not in sent.problem


async def test_a_redirect_to_a_refused_address_is_not_followed() -> None:
    """Apprise's client follows redirects: the guard refuses where this one leads."""
    elsewhere = {"location": "http://169.254.169.254/latest"}
    async with running_receiver(lambda n: web.Response(status=307, headers=elsewhere)) as receiver:
        sent = await _sent(_json(receiver))
    assert sent.result is DeliveryResult.FAILED
    assert "link-local" in sent.problem


async def test_whoever_does_not_answer_is_left_after_the_time() -> None:
    """The process that waits is ended; the event loop goes on meanwhile."""
    async with running_receiver() as receiver:
        receiver.gate.clear()
        turns = asyncio.ensure_future(receiver.until(lambda: bool(receiver.messages)))
        sent = await _sent(_json(receiver), rules=replace(_RULES, timeout=3.0))
        receiver.gate.set()
        await turns
    assert sent == Sent(DeliveryResult.FAILED, problem="destination 1 (json): it did not answer within 3 s")


async def test_a_timeout_does_not_forget_who_was_told() -> None:
    """Only the one that hung is sent the message again."""
    async with running_receiver() as well, running_receiver() as hung:
        hung.gate.clear()
        async with PeopleSender(
            [_json(hung), _json(well)], replace(_RULES, timeout=4.0), "en", MemoryTold().people()
        ) as sender:
            first = await sender.send(_MESSAGE)
            hung.gate.set()
            second = await sender.send(_MESSAGE)
        assert (len(well.messages), len(hung.messages)) == (1, 2)
    assert first.problem == "destination 1 (json): it did not answer within 4 s"
    assert second == Sent(DeliveryResult.DELIVERED)


async def test_a_schema_that_is_not_allowed_any_more_is_not_sent_to() -> None:
    """The settings of now count, not those of when it was made."""
    sent = await _sent(AppriseUrl("json://127.0.0.1:9/", "json"), rules=replace(_RULES, schemas=frozenset({"tgram"})))
    assert sent.problem == "PORTERO_PEOPLE_SCHEMAS does not allow json any more"


async def test_a_sink_checks_urls_and_opens_what_it_sealed() -> None:
    """What may be shown of them is the schemas."""
    endpoints = SealedEndpoints(SecretSeal((b"k" * 32,)), EndpointRules(_HERE, 10.0))
    sink = PeopleSink(endpoints, _RULES, MemoryTold(), ManualClock())
    async with running_receiver() as receiver:
        url = _json(receiver).url
        found = await sink.checked(Destination((url, "tgram://123456789:abcdefg_hijklmnop/12315544/"), "es"))
        assert (found.origin, found.language) == ("json tgram", "es")
        with pytest.raises(InvalidInput, match=r"urls\[0\] cannot be used: its URL is not complete"):
            await sink.checked(Destination(("tgram://12/",)))
        with pytest.raises(InvalidInput, match=r"urls\[1\] cannot be used: it names several recipients"):
            await sink.checked(Destination((url, "tgram://123456789:abcdefg_hijklmnop/1/2/")))
        with pytest.raises(InvalidInput, match=r"169\.254\.1\.1 is link-local"):
            await sink.checked(Destination(("jsons://169.254.1.1/",)))
        sealed, endpoint = endpoints.sealed_url("s1", url)
        stored = replace(new_subscription(), url=sealed, endpoint=endpoint, secrets=())
        stored = replace(stored, subscription=replace(stored.subscription, kind=SinkKind.PEOPLE, language="es"))
        async with sink.sender(stored) as sender:
            assert (await sender.send(_MESSAGE)).result is DeliveryResult.DELIVERED


async def test_times_are_told_in_the_zone_of_the_subscription() -> None:
    """Where it has a schedule; else in that of the settings."""
    endpoints = SealedEndpoints(SecretSeal((b"k" * 32,)), EndpointRules(_HERE, 10.0))
    sink = PeopleSink(endpoints, _RULES, MemoryTold(), ManualClock())
    schedule = checked_schedule("22:00", "07:00", "", None, "Europe/Berlin")
    async with running_receiver() as receiver:
        sealed, endpoint = endpoints.sealed_url("s1", _json(receiver).url)
        stored = replace(new_subscription(), url=sealed, endpoint=endpoint, secrets=())
        told = replace(stored.subscription, kind=SinkKind.PEOPLE, language="es", schedule=schedule)
        async with sink.sender(replace(stored, subscription=told)) as sender:
            assert (await sender.send(_MESSAGE)).result is DeliveryResult.DELIVERED
        (message,) = receiver.messages
    assert "2026-03-02 12:14 (Europe/Berlin)" in json.loads(message.body)["message"]
