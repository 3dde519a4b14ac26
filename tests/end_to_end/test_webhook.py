"""A webhook as a site sets it up: a real server, killed and started again, and a real receiver."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from portero_client import ConnectionSettings, PorteroClient
from tests.support.client.visits import visit
from tests.support.images.patch_photos import ANA, BOB, photo
from tests.support.processes import node
from tests.support.processes.server_process import ended_server, printed_by, running_server
from tests.support.server.webhook_receiver import Receiver, running_receiver
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow

_SECRET = "whsec_" + "QSBrZXkgb2YgdGhlIHRlc3RzLCBub3RoaW5nIGVsc2Uu"


def _settings(receiver: Receiver) -> dict[str, str]:
    return {
        "engine": "scripted",
        "webhook_url": receiver.url,
        "webhook_secret": _SECRET,
        "webhook_networks": "127.0.0.1/32",
    }


def _told(receiver: Receiver) -> list[dict[str, Any]]:
    """Returns what came, each message once and as it first was; all have a signature that holds."""
    messages: dict[str, dict[str, Any]] = {}
    for message in receiver.messages:
        content = Webhook(_SECRET).verify(message.body, message.headers)
        messages.setdefault(message.headers["webhook-id"], content)
    return list(messages.values())


async def _until(receiver: Receiver, kinds: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Waits until just these events were told; gives them."""
    await receiver.until(lambda: [(each["type"], each["data"]["display_name"]) for each in _told(receiver)] == kinds)
    return _told(receiver)


async def test_a_webhook_is_told_of_visits_across_kills_and_failures(tmp_path: Path) -> None:
    """Nothing is lost while the receiver fails or the server is killed, and a replay sends the same ids again."""
    async with running_receiver() as receiver, asyncio.timeout(4 * PATIENCE):
        settings = _settings(receiver)
        async with running_server(tmp_path, **settings) as server:
            async with PorteroClient(ConnectionSettings(server.address)) as client:
                await client.cameras.create("door")
                for person_id, color in (("ana", ANA), ("bob", BOB)):
                    await client.people.create(person_id.title(), person_id=person_id)
                    await client.people.enroll(person_id, photo(color))
                await visit(client, ANA)
                first = await _until(receiver, [("sighting.started", "Ana"), ("sighting.left", "Ana")])
                assert first[0]["data"]["camera"] == "cameras/door"
                assert first[0]["data"]["person"] == "people/ana"
                assert first[0]["data"]["position"] < first[1]["data"]["position"]
                receiver.answering = lambda number: web.Response(status=503)
                failed = len(receiver.messages)
                await visit(client, BOB)
                await receiver.until(lambda: len(receiver.messages) > failed)
            server.process.kill()
            await server.process.wait()
        receiver.messages = receiver.messages[:failed]
        receiver.answering = lambda number: web.Response(status=204)
        async with running_server(tmp_path, **settings) as server:
            kinds = [(kind, name) for name in ("Ana", "Bob") for kind in ("sighting.started", "sighting.left")]
            told = await _until(receiver, kinds)
            assert [event["event"] for event in server.lines if "webhook" in event["event"]] == []
            assert await server.stop() == 0
        assert await printed_by("webhook status", tmp_path, **settings) == "sent up to event 4 of 4\n"
        replayed = await printed_by("webhook replay 2026-01-01T00:00:00Z", tmp_path, **settings)
        assert replayed == "events after 0 of 4 are sent again\n"
        before = len(receiver.messages)
        async with running_server(tmp_path, **settings) as server:
            await receiver.until(lambda: len(receiver.messages) >= before + 4)
            assert await server.stop() == 0
        assert _told(receiver) == told
    log = json.dumps(server.lines)
    assert "Ana" not in log
    assert receiver.url not in log


async def test_the_command_line_tries_a_webhook_and_starts_a_stopped_one(tmp_path: Path) -> None:
    """`test` says what was answered; a webhook that answered 410 is told of no more until `resume`."""
    async with running_receiver() as receiver, asyncio.timeout(4 * PATIENCE):
        settings = _settings(receiver)
        assert await printed_by("webhook test", tmp_path, **settings) == (
            "the webhook took the message and answered 204\n"
        )
        assert [each["type"] for each in _told(receiver)] == ["webhook.test"]
        receiver.messages.clear()
        receiver.answering = lambda number: web.Response(status=410)
        async with running_server(tmp_path, **settings) as server:
            async with PorteroClient(ConnectionSettings(server.address)) as client:
                await client.cameras.create("door")
                await client.people.create("Ana", person_id="ana")
                await client.people.enroll("ana", photo(ANA))
                await visit(client, ANA)
            await receiver.until(lambda: bool(receiver.messages))
            assert await server.stop() == 0
        assert len(receiver.messages) == 1
        assert [line["event"] for line in server.lines if "webhook" in line["event"]] == ["webhook_stopped"]
        assert "stopped: it answered 410 Gone" in await printed_by("webhook status", tmp_path, **settings)
        code, errors = await ended_server("webhook test", tmp_path, **settings)
        assert (code, errors) == (1, "portero-server: the webhook did not take the message: it answered 410\n")
        assert await printed_by("webhook resume", tmp_path, **settings) == "events are sent again\n"


@asynccontextmanager
async def _node_receiver(secret: str) -> AsyncIterator[tuple[str, asyncio.StreamReader]]:
    """Runs the Node example; yields its URL and what it prints."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(node.EXAMPLE / "webhook.mjs"),
        "0",
        env={**os.environ, "WEBHOOK_SECRET": secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        said = (await process.stderr.readline()).decode()
        yield said.removeprefix("listening on ").strip(), process.stdout
    finally:
        process.kill()
        await process.wait()


@pytest.mark.skipif(bool(node.missing()), reason=node.missing() or "node and its packages are there")
async def test_node_verifies_what_is_signed_and_takes_each_event_once(tmp_path: Path) -> None:
    """The npm library takes the signatures, a repeated message is printed once, and another key's is refused."""
    async with _node_receiver(_SECRET) as (url, out), asyncio.timeout(4 * PATIENCE):
        settings = {"engine": "scripted", "webhook_url": url, "webhook_networks": "127.0.0.1/32"}
        trusted = {**settings, "webhook_secret": _SECRET}
        async with running_server(tmp_path, **trusted) as server:
            async with PorteroClient(ConnectionSettings(server.address)) as client:
                await client.cameras.create("door")
                await client.people.create("Ana", person_id="ana")
                await client.people.enroll("ana", photo(ANA))
                await visit(client, ANA)
            assert await out.readline() == b"sighting.started cameras/door Ana\n"
            assert await out.readline() == b"sighting.left cameras/door Ana\n"
            assert await server.stop() == 0
        await printed_by("webhook replay 2026-01-01T00:00:00Z", tmp_path, **trusted)
        async with running_server(tmp_path, **trusted) as server:
            async with PorteroClient(ConnectionSettings(server.address)) as client:
                await client.people.create("Bob", person_id="bob")
                await client.people.enroll("bob", photo(BOB))
                await visit(client, BOB)
            # Ana's two events came before, in the order of the camera, and were known.
            assert await out.readline() == b"sighting.started cameras/door Bob\n"
            assert await out.readline() == b"sighting.left cameras/door Bob\n"
            assert await server.stop() == 0
        code, errors = await ended_server(
            "webhook test", tmp_path, **settings, webhook_secret="whsec_" + _SECRET.removeprefix("whsec_").swapcase()
        )
        assert (code, errors) == (1, "portero-server: the webhook did not take the message: it answered 401\n")


async def test_without_a_webhook_the_commands_say_so(tmp_path: Path) -> None:
    """One line names the setting."""
    code, errors = await ended_server("webhook status", tmp_path, engine="scripted")
    assert (code, errors) == (1, "portero-server: there is no webhook: set PORTERO_WEBHOOK_URL\n")
