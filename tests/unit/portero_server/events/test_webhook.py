"""Messages over HTTP, to a real receiver."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from portero_server.clock import SystemClock
from portero_server.domain.events.delivery import DeliveryResult
from portero_server.domain.events.message import EventMessage
from portero_server.events.guard import AddressGuard, look_up
from portero_server.events.webhook import Endpoint, Sent, WebhookSender
from tests.support.server.webhook_receiver import running_receiver

_KEYS = (b"the newest key, of some length", b"the key before it, still good")
_MESSAGE = EventMessage("evt_s1_7", {"type": "sighting.started", "data": {"display_name": "Zúñiga <Ñ> 🙂"}})
_HERE = AddressGuard((ipaddress.ip_network("127.0.0.0/8"),), public=False)


def _sender(
    url: str, *, guard: AddressGuard = _HERE, timeout: float = 5.0, keys: Sequence[bytes] = _KEYS
) -> WebhookSender:
    return WebhookSender(Endpoint(url, keys, guard, timeout=timeout), SystemClock(), agent="portero/test")


async def _sent(url: str, guard: AddressGuard = _HERE, timeout: float = 5.0) -> Sent:
    async with _sender(url, guard=guard, timeout=timeout) as sender:
        return await sender.send(_MESSAGE)


@pytest.mark.parametrize("key", _KEYS)
async def test_a_receiver_with_any_of_the_keys_accepts_the_signature(key: bytes) -> None:
    """As the library of Standard Webhooks verifies it, and by the arithmetic of its specification."""
    async with running_receiver() as receiver:
        assert await _sent(receiver.url) == Sent(DeliveryResult.DELIVERED, 204)
        (message,) = receiver.messages
    assert Webhook(key).verify(message.body, message.headers) == _MESSAGE.content
    signed = b".".join((b"evt_s1_7", message.headers["webhook-timestamp"].encode(), message.body))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" in message.headers["webhook-signature"].split(" ")
    assert message.headers["content-type"] == "application/json"
    assert message.headers["user-agent"] == "portero/test"


async def test_a_message_that_was_changed_or_signed_by_others_is_found_out() -> None:
    """One byte of the body, the id, or another key."""
    async with running_receiver() as receiver:
        await _sent(receiver.url)
        (message,) = receiver.messages
    changed = bytes([*message.body[:-2], message.body[-2] ^ 1, message.body[-1]])
    for key, body, headers in (
        (_KEYS[0], changed, message.headers),
        (_KEYS[0], message.body, message.headers | {"webhook-id": "evt_s1_8"}),
        (b"a key that nobody has signed with", message.body, message.headers),
    ):
        with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
            Webhook(key).verify(body, headers)


def test_the_specifications_own_example_is_signed_as_it_says() -> None:
    """The vector published with Standard Webhooks, by the library that signs."""
    signer = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, DeliveryResult.DELIVERED),
        (400, DeliveryResult.REFUSED),
        (410, DeliveryResult.GONE),
        (429, DeliveryResult.FAILED),
        (503, DeliveryResult.FAILED),
    ],
)
async def test_the_status_says_what_became_of_it(status: int, answer: DeliveryResult) -> None:
    """And the problem is told in words."""
    async with running_receiver(lambda number: web.Response(status=status)) as receiver:
        sent = await _sent(receiver.url)
    assert (sent.result, sent.status) == (answer, status)
    assert sent.problem == ("" if answer is DeliveryResult.DELIVERED else f"it answered {status}")


async def test_a_redirect_is_not_followed() -> None:
    """It may lead to an address that nobody checked."""
    async with running_receiver() as other:

        def elsewhere(number: int) -> web.Response:
            return web.Response(status=307, headers={"location": other.url})

        async with running_receiver(elsewhere) as receiver:
            sent = await _sent(receiver.url)
        assert (sent.result, sent.status) == (DeliveryResult.FAILED, 307)
        assert other.messages == []


async def test_a_huge_or_inflating_answer_is_not_read() -> None:
    """A few kilobytes are, as they are."""

    def large(number: int) -> web.Response:
        return web.Response(status=200, body=b"x" * 50_000_000, headers={"content-encoding": "gzip"})

    async with running_receiver(large) as receiver:
        assert (await _sent(receiver.url)).result is DeliveryResult.DELIVERED


async def test_a_receiver_that_is_silent_is_left_after_the_time_limit() -> None:
    """The message has failed, and may have arrived."""
    async with running_receiver() as receiver:
        receiver.gate.clear()
        sent = await _sent(receiver.url, timeout=0.2)
        assert len(receiver.messages) == 1
    assert sent == Sent(DeliveryResult.FAILED, problem="it did not answer within 0.2 s")


async def test_what_is_wrong_is_told_without_the_url() -> None:
    """Nobody listens, the name does not exist, or it speaks no TLS; the path may be a secret."""
    async with running_receiver() as receiver:
        port = receiver.port
        spoken = await _sent(f"https://127.0.0.1:{port}/secret-path")
    closed = await _sent(f"http://127.0.0.1:{port}/secret-path")
    unknown = await _sent("https://no-such-name.invalid/secret-path")
    assert (spoken.problem, closed.problem) == ("its certificate is not accepted", "it cannot be reached")
    assert unknown.problem == "its name cannot be resolved"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"])
async def test_nothing_is_sent_to_this_machine_unless_it_is_allowed(host: str) -> None:
    """Whatever the way in which its address is written."""
    async with running_receiver() as receiver:
        sent = await _sent(f"http://{host}:{receiver.port}/hook", AddressGuard())
        assert receiver.messages == []
    assert sent.result is DeliveryResult.FAILED
    assert "this machine itself" in sent.problem or "names no host" in sent.problem


async def test_a_name_that_turns_to_this_machine_after_the_check_is_not_followed() -> None:
    """The address that was checked is the one that is connected to; the next connection is checked anew."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["198.51.100.1"]

    async with running_receiver() as receiver:
        endpoint = Endpoint(f"http://hooks.example:{receiver.port}/", _KEYS, AddressGuard(), timeout=2.0)
        async with WebhookSender(endpoint, SystemClock(), agent="x", lookup=rebinding) as sender:
            for _ in range(2):
                assert (await sender.send(_MESSAGE)).result is DeliveryResult.FAILED
        assert receiver.messages == []
    assert asked == ["hooks.example"] * 2


async def test_connections_are_used_again() -> None:
    """A name is resolved once for messages that follow each other."""
    asked: list[str] = []

    async def counting(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return await look_up("127.0.0.1", port)

    async with running_receiver() as receiver:
        endpoint = Endpoint(f"http://hooks.example:{receiver.port}/hook", _KEYS, _HERE, timeout=5.0)
        async with WebhookSender(endpoint, SystemClock(), agent="x", lookup=counting) as sender:
            for _ in range(3):
                assert (await sender.send(_MESSAGE)).result is DeliveryResult.DELIVERED
        assert [json.loads(message.body) for message in receiver.messages] == [_MESSAGE.content] * 3
    assert asked == ["hooks.example"]


async def test_a_sender_must_be_entered() -> None:
    """It holds connections, which somebody must close."""
    with pytest.raises(RuntimeError, match="not entered"):
        await _sender("https://hooks.example/").send(_MESSAGE)
