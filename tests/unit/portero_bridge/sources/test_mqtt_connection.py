"""The connection to a real broker: TLS, certificates, what it refuses, and what is left of it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import SourceOptions
from portero_bridge.sources.mqtt import MqttSource, open_mqtt
from portero_bridge.sources.mqtt_connection import Arrivals
from portero_bridge.sources.mqtt_payload import MOST_PAYLOAD_BYTES, PayloadRefused, picture_of
from portero_bridge.sources.mqtt_subscription import MOST_WAITING
from portero_client.streaming.clock import SystemClock
from tests.support.bridge.broker import MosquittoBroker, publisher
from tests.support.bridge.clock import JumpingClock
from tests.support.bridge.pictures import picture
from tests.support.processes.mosquitto_process import MISSING, PASSWORD, Mosquitto, is_installed
from tests.support.processes.ports import free_port
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority

Options = Callable[..., SourceOptions]
real = pytest.mark.skipif(not is_installed(), reason=MISSING)


@asynccontextmanager
async def _running(broker: Mosquitto) -> AsyncIterator[Mosquitto]:
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()


@asynccontextmanager
async def _secured(folder: Path, *, asks_certificate: bool = False) -> AsyncIterator[tuple[Mosquitto, Authority, str]]:
    """Runs a broker with TLS; yields it, its authority, and the fingerprint of its certificate."""
    authority = Authority(folder / "tls")
    issued = authority.server()
    certificate, key = authority.write("broker", issued)
    lines = [f"certfile {certificate}", f"keyfile {key}", f"cafile {authority.file}"]
    lines += ["require_certificate true"] if asks_certificate else []
    async with _running(Mosquitto(folder, *lines)) as broker:
        yield broker, authority, hashlib.sha256(issued.certificate.public_bytes(Encoding.DER)).hexdigest()


async def _fault(options: SourceOptions) -> SourceFault:
    """Returns why a source gives no picture."""
    with pytest.raises(SourceFault) as raised:
        async with asyncio.timeout(PATIENCE):
            await anext(open_mqtt(options).images())
    assert PASSWORD not in raised.value.message
    return raised.value


@real
async def test_tls_with_an_authority_a_fingerprint_and_without_either(tmp_path: Path, source_options: Options) -> None:
    """A certificate that is trusted lets silence be all that is wrong; else it is said what to set."""
    async with _secured(tmp_path) as (broker, authority, fingerprint):
        address = broker.url("cam", scheme="mqtts")
        for trust in ({"ca_file": authority.file}, {"certificate_sha256": fingerprint}):
            fault = await _fault(source_options(address, read_timeout=0.01, **trust))
            assert fault.message == "nothing was published to the topic for 0.01 s"
        assert (await _fault(source_options(address))).message.endswith(
            "name the broker's authorities in ca_file, or its certificate's fingerprint in certificate_sha256"
        )
        wrong = await _fault(source_options(address, certificate_sha256="0a" * 32))
        assert f"its fingerprint is {fingerprint}" in wrong.message
        elsewhere = address.replace("127.0.0.1", "127.0.0.2")
        assert "no connection to the broker" in (await _fault(source_options(elsewhere))).message


@real
async def test_a_broker_may_ask_for_a_certificate(tmp_path: Path, source_options: Options) -> None:
    """The bridge shows its own, read from files; without it the broker hangs up."""
    async with _secured(tmp_path, asks_certificate=True) as (broker, authority, _):
        address = broker.url("cam", scheme="mqtts")
        certificate, key = authority.write("bridge", authority.bridge("lobby"))
        own = {"client_certificate": certificate, "client_key": key}
        fault = await _fault(source_options(address, read_timeout=0.01, ca_file=authority.file, **own))
        assert fault.message == "nothing was published to the topic for 0.01 s"
        missing = {"client_certificate": certificate, "client_key": tmp_path / "gone"}
        fault = await _fault(source_options(address, ca_file=authority.file, **missing))
        assert "and client_key cannot be read" in fault.message
        fault = await _fault(source_options(address, ca_file=authority.file))
        assert fault.message.endswith("and some brokers want a client_certificate")


@real
async def test_a_port_of_the_other_kind_is_said(tmp_path: Path, source_options: Options) -> None:
    """Whoever mixes up mqtt and mqtts reads the other name."""
    async with _running(Mosquitto(tmp_path)) as broker:
        fault = await _fault(source_options(broker.url("cam", scheme="mqtts")))
        assert fault.message.startswith("the broker hung up before it answered; a port without TLS needs mqtt://")
    async with _secured(tmp_path) as (secured, _, _):
        fault = await _fault(source_options(secured.url("cam")))
        assert fault.message == "the broker hung up before it answered; a port for TLS needs mqtts://"


@real
async def test_a_broker_asks_for_a_password(tmp_path: Path, source_options: Options) -> None:
    """Where none is set, it is said which settings to set; it is a refusal in both versions of the protocol."""
    async with _running(Mosquitto(tmp_path)) as broker:
        for protocol in ("5", "3.1.1"):
            fault = await _fault(source_options(broker.url(f"cam?protocol={protocol}", credentials="")))
            assert fault.message == "the broker asks for a password: set username and password_file"
            assert fault.is_refusal


async def test_who_takes_the_connection_and_says_nothing_is_a_fault() -> None:
    """It is noticed within the connect timeout; that, and being canceled while it waits, leaves no connection."""
    opened = closed = 0
    changed = asyncio.Condition()

    async def serve_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened, closed
        async with changed:
            opened += 1
            changed.notify_all()
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        async with changed:
            closed += 1
            changed.notify_all()

    async def until(connections: int, ended: int) -> None:
        async with asyncio.timeout(PATIENCE), changed:
            await changed.wait_for(lambda: (opened, closed) == (connections, ended))

    server = await asyncio.start_server(serve_nothing, "127.0.0.1", 0)
    address = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}/cam"
    options = SourceOptions(address, 5, None, 85, True, 0.2, PATIENCE, SystemClock())
    # Each try reaches the broker first, and connects then.
    assert (await _fault(options)).message == "the broker gave no answer for 0.2 s; a port for TLS needs mqtts://"
    await until(2, 2)
    waiting = asyncio.ensure_future(anext(open_mqtt(replace(options, connect_timeout=PATIENCE)).images()))
    await until(4, 3)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    await until(4, 4)
    server.close()
    await server.wait_closed()


async def test_who_is_not_there_is_a_fault(source_options: Options) -> None:
    """A closed port and a name that does not exist."""
    fault = await _fault(source_options(f"mqtt://127.0.0.1:{free_port()}/cam"))
    assert fault.message == "no connection to the broker: connection refused"
    fault = await _fault(source_options("mqtt://no.such.host.invalid/cam"))
    assert fault.message == "no connection to the broker: no such host"


@real
@pytest.mark.parametrize("options", ["", "?qos=1", "?qos=2&protocol=3.1.1&client_id=lobby"])
async def test_pictures_come_through_in_every_quality_of_service(
    tmp_path: Path, source_options: Options, options: str
) -> None:
    """A payload that is larger than a picture may be does not come, or is refused; the next picture is taken."""
    broker = MosquittoBroker(tmp_path)
    await broker.start()
    try:
        source = MqttSource(source_options(broker.url(f"site/cam%201{options}")), broker.subscribe)
        async with aclosing(source.images()) as images:
            first = asyncio.ensure_future(anext(images))
            await broker.until_subscribed(1)
            await broker.publish("site/cam 1", b"\xff" * (MOST_PAYLOAD_BYTES + 200_000))
            await broker.publish("site/cam 1", picture(1))
            async with asyncio.timeout(PATIENCE):
                assert (await first).image == picture(1)
    finally:
        await broker.kill()


@real
async def test_a_broker_that_restarts_is_found_again(tmp_path: Path, source_options: Options) -> None:
    """In the middle of a stream of pictures the broker goes, by a crash and in good order; then they come again."""
    async with _running(Mosquitto(tmp_path)) as broker:
        source = open_mqtt(source_options(broker.url("cam")))
        for end in (broker.kill, broker.stop):
            async with aclosing(source.images()) as images:
                async with publisher(broker.port) as camera:
                    stop = asyncio.Event()
                    publishing = asyncio.create_task(_publish_until(stop, camera))
                    async with asyncio.timeout(PATIENCE):
                        for _ in range(3):
                            await anext(images)
                    stop.set()
                    await publishing
                await end()
                with pytest.raises(SourceFault, match=r"^the connection to the broker broke$|: server shutting down$"):
                    _ = [captured async for captured in images]
            assert "connection refused" in (await _fault(source_options(broker.url("cam")))).message
            await broker.start()


async def _publish_until(stop: asyncio.Event, camera: aiomqtt.Client) -> None:
    while not stop.is_set():
        await camera.publish("cam", picture(1), qos=1)


def test_of_too_many_arrivals_the_newest_stay() -> None:
    """Each keeps the time of its coming, also while one that was taken is not yet asked about."""
    clock = JumpingClock()
    arrivals = Arrivals(clock.now)
    messages = [aiomqtt.Message("cam", bytes([number]), 0, False, number, None) for number in range(8)]
    for message in messages[: MOST_WAITING + 1]:
        clock.seconds += 1
        arrivals.put_nowait(message)
    taken = arrivals.get_nowait()
    for message in messages[MOST_WAITING + 1 : MOST_WAITING + 3]:
        clock.seconds += 1
        arrivals.put_nowait(message)
    publication = arrivals.publication(taken)
    assert (publication.payload, publication.dropped) == (b"\x01", 2)
    assert (publication.arrival - clock.start).total_seconds() == 2
    assert arrivals.publication(arrivals.get_nowait()).payload == b"\x03"
    assert arrivals.qsize() == MOST_WAITING - 1


def test_of_a_payload_too_large_only_the_beginning_waits() -> None:
    """Before MQTT 5 a broker passes on whatever comes; enough is kept to refuse it."""
    arrivals = Arrivals(JumpingClock().now)
    arrivals.put_nowait(aiomqtt.Message("cam", bytes(MOST_PAYLOAD_BYTES + 1000), 0, False, 1, None))
    with pytest.raises(PayloadRefused, match="more than"):
        picture_of(payload := arrivals.publication(arrivals.get_nowait()).payload, "image")
    assert len(payload) == MOST_PAYLOAD_BYTES + 1
