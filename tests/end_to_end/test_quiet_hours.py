"""Quiet hours as a school sets them: a real server, killed in the night, another one in the morning, and real mail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from portero_client import (
    ConnectionSettings,
    DeliveryOutcome,
    DeliverySchedule,
    PorteroClient,
    SightingEventKind,
    SubscriptionDelivery,
    SubscriptionFilter,
)
from portero_server.vault.keys import create_key
from tests.support.client.visits import visit
from tests.support.images.patch_photos import ANA, BOB, photo
from tests.support.processes.clock_ahead import python_ahead
from tests.support.processes.server_process import running_server
from tests.support.server.mail_receiver import running_mailbox
from tests.support.server.webhook_receiver import running_receiver
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow

_SANTIAGO = ZoneInfo("America/Santiago")
_ARRIVALS = SubscriptionFilter(kinds=(SightingEventKind.STARTED,))


def _night() -> DeliverySchedule:
    """Returns quiet hours around now, whenever the test runs, and a digest every half hour."""
    now = datetime.now(_SANTIAGO)
    begins, ends = now - timedelta(hours=2), now + timedelta(hours=2)
    return DeliverySchedule(
        f"{begins:%H:%M}", f"{ends:%H:%M}", time_zone="America/Santiago", digest_every=timedelta(minutes=30)
    )


async def _delivered(client: PorteroClient, subscription: str) -> list[SubscriptionDelivery]:
    """Waits until something was taken, and returns what was noted of it."""
    taken = client.subscriptions.deliveries
    async with asyncio.timeout(PATIENCE):
        while not (found := [each async for each in taken(subscription, outcome=DeliveryOutcome.DELIVERED)]):
            pass
    return found


def _text(mail: EmailMessage) -> list[str]:
    body = mail.get_body(("plain",))
    assert body is not None
    return [line.rstrip() for line in str(body.get_content()).splitlines()]


async def test_what_happens_in_quiet_hours_is_told_once_in_the_morning(tmp_path: Path) -> None:
    """In one digest, by whichever server runs then, and without the name of who was deleted meanwhile."""
    create_key(tmp_path / "subscriptions.key")
    settings = {
        "engine": "scripted",
        "subscription_key_file": str(tmp_path / "subscriptions.key"),
        "webhook_networks": "127.0.0.1/32",
        "people_schemas": "mailto",
        # A mail that a busy machine takes too long to send would come twice.
        "webhook_timeout": "15",
    }
    async with running_mailbox() as mailbox, running_receiver() as receiver, asyncio.timeout(4 * PATIENCE):
        async with running_server(tmp_path, **settings) as server:
            async with PorteroClient(ConnectionSettings(server.address)) as client:
                await client.cameras.create("door")
                for person_id, color in (("ana", ANA), ("bob", BOB)):
                    await client.people.create(person_id.title(), person_id=person_id)
                    await client.people.enroll(person_id, photo(color))
                await client.subscriptions.create("At once", url=receiver.url, wanted=_ARRIVALS)
                told = await client.subscriptions.create_for_people(
                    "Home",
                    urls=[f"mailto://127.0.0.1:{mailbox.port}/?from=p@school.example&to=home@school.example"],
                    language="es",
                    wanted=_ARRIVALS,
                    schedule=_night(),
                )
                await visit(client, ANA)
                await visit(client, BOB)
                await receiver.until(lambda: len(receiver.messages) == 2)
                await client.people.delete("bob")
            server.process.kill()
            await server.process.wait()
        assert mailbox.mails == []
        morning = python_ahead(tmp_path, timedelta(hours=3))
        for _ in range(2):
            async with (
                running_server(tmp_path, PATIENCE, morning, **settings) as server,
                PorteroClient(ConnectionSettings(server.address)) as client,
            ):
                (delivery,) = await _delivered(client, told.name)
                shown = await client.subscriptions.get(told.name)
                assert shown.position == shown.last_position
                server.process.kill()
                await server.process.wait()
    assert (delivery.notice_type, delivery.attempt_count) == ("digest.events", 1)
    (mail,) = mailbox.mails
    day = (datetime.now(UTC) + timedelta(hours=3)).astimezone(_SANTIAGO)
    assert str(mail["subject"]).startswith(f"Resumen del {day:%Y-%m}")
    assert str(mail["subject"]).endswith(": 2 avisos")
    lines = _text(mail)
    assert sum(line.endswith("Se ve a Ana (door)") for line in lines) == 1
    assert sum(line.endswith("Se ve a una persona desconocida (door)") for line in lines) == 1
    assert "Horas: America/Santiago" in lines
