"""Cameras that publish to a broker, with the broker in memory; the contract of brokers holds it to a real one."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import pytest

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.sources.base import CapturedImage, SourceOptions
from portero_bridge.sources.mqtt import MqttSource, open_mqtt
from portero_bridge.sources.mqtt_subscription import MOST_WAITING
from tests.support.bridge.broker import MemoryBroker
from tests.support.bridge.clock import JumpingClock
from tests.support.bridge.pictures import picture
from tests.support.processes.mosquitto_process import PASSWORD, USER

Options = Callable[..., SourceOptions]


@pytest.fixture
async def broker() -> AsyncIterator[MemoryBroker]:
    """Yields a broker that runs."""
    broker = MemoryBroker()
    await broker.start()
    yield broker
    await broker.kill()


async def _published(broker: MemoryBroker, source: MqttSource, *payloads: bytes, take: int = 1) -> list[CapturedImage]:
    """Returns the first pictures of a source, of payloads that are published once it has subscribed."""
    before = broker.subscriptions
    async with aclosing(source.images()) as images:
        first = asyncio.ensure_future(anext(images))
        await broker.until_subscribed(before + 1)
        for payload in payloads:
            await broker.publish("cam", payload)
        return [await first, *[await anext(images) for _ in range(take - 1)]]


async def test_bytes_pass_through_with_the_time_of_their_coming(broker: MemoryBroker, source_options: Options) -> None:
    """A picture is dated when it came, not when it was taken out."""
    clock = JumpingClock()
    source = MqttSource(source_options(broker.url("cam"), clock=clock), broker.subscribe)
    async with aclosing(source.images()) as images:
        first = asyncio.ensure_future(anext(images))
        await broker.until_subscribed(1)
        await broker.publish("cam", picture(1))
        began = clock.now()
        assert await first == CapturedImage(picture(1), began)
        await broker.publish("cam", picture(2) + b"\x00\x00")
        clock.seconds += 7
        assert await anext(images) == CapturedImage(picture(2), began, trimmed=2)
        await broker.publish("cam", picture(3))
        assert (await anext(images)).capture_time == began + timedelta(seconds=7)


async def test_bad_payloads_are_named_and_the_next_is_taken(broker: MemoryBroker, source_options: Options) -> None:
    """Neither a status text nor a cut picture ends the source; each is told with the topic and without its content."""
    skipped: list[str] = []
    source = MqttSource(source_options(broker.url("cam"), skipped=skipped.append), broker.subscribe)
    (captured,) = await _published(broker, source, b"s3cret", picture(1)[:-2], picture(2))
    assert captured.image == picture(2)
    assert skipped == [
        "cam: other bytes, not a JPEG file",
        "cam: a JPEG file without its end: a payload that the camera or the broker cut",
    ]


async def test_a_retained_picture_is_not_live(broker: MemoryBroker, source_options: Options) -> None:
    """What the broker kept is passed over at each subscription, and is no bad payload."""
    await broker.publish("cam", picture(1), retain=True)
    noticed: list[str] = []
    skipped: list[str] = []
    options = source_options(broker.url("cam"), skipped=skipped.append, notice=noticed.append)
    source = MqttSource(options, broker.subscribe)
    for _ in range(2):
        (captured,) = await _published(broker, source, picture(2))
        assert captured.image == picture(2)
    assert noticed.count("a picture that the broker retained is passed over") == 2
    assert skipped == []


async def test_silence_is_a_fault_that_says_what_came(broker: MemoryBroker, source_options: Options) -> None:
    """Neither bad payloads nor a retained picture are life."""
    source = MqttSource(source_options(broker.url("cam"), read_timeout=0.05), broker.subscribe)
    with pytest.raises(SourceFault, match=r"^nothing was published to the topic for 0\.05 s$"):
        await _published(broker, source)
    with pytest.raises(SourceFault, match=r"no new picture for 0\.05 s; an empty payload came$"):
        await _published(broker, source, b"")
    await broker.publish("cam", picture(1), retain=True)
    with pytest.raises(SourceFault, match="a picture that the broker retained came"):
        await _published(broker, source)


async def test_a_flood_leaves_the_newest(broker: MemoryBroker, source_options: Options) -> None:
    """Whoever takes late gets the last ones, and learns how many were dropped."""
    payloads = [picture(number) for number in range(10)]
    source = MqttSource(source_options(broker.url("cam")), broker.subscribe)
    taken = await _published(broker, source, *payloads, take=MOST_WAITING)
    assert [captured.image for captured in taken] == payloads[-MOST_WAITING:]
    assert [captured.dropped for captured in taken] == [10 - MOST_WAITING, 0, 0, 0]


async def test_the_password_file_is_read_at_each_connecting(
    broker: MemoryBroker, source_options: Options, tmp_path: Path
) -> None:
    """The user may stand in the address or in the settings; the file may be gone, and may be changed."""
    file = tmp_path / "password"
    in_settings = source_options(broker.url("cam", ""), username=USER, password_file=file)
    for options in (source_options(broker.url("cam", USER), password_file=file), in_settings):
        source = MqttSource(options, broker.subscribe)
        file.unlink(missing_ok=True)
        with pytest.raises(SourceFault, match=r"^password_file .*password cannot be read$"):
            await anext(source.images())
        file.write_text("wrong\n")
        with pytest.raises(SourceFault, match="refuses the user name or the password") as refused:
            await anext(source.images())
        assert refused.value.is_refusal
        file.write_text(f"{PASSWORD}\n")
        assert await _published(broker, source, picture(1))


async def test_names_at_the_broker_differ(broker: MemoryBroker, source_options: Options) -> None:
    """Two sources without a client_id do not push each other out."""
    sources = [MqttSource(source_options(broker.url("cam")), broker.subscribe) for _ in range(2)]
    async with aclosing(sources[0].images()) as images:
        first = asyncio.ensure_future(anext(images))
        await broker.until_subscribed(1)
        await _published(broker, sources[1], picture(1))
        assert (await first).image == picture(1)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"ca_file": Path("ca")}, "ca_file is for TLS: write mqtts://"),
        ({"certificate_sha256": "0a" * 32}, "certificate_sha256 is for TLS"),
        ({"client_certificate": Path("c"), "client_key": Path("k")}, "client_certificate is for TLS"),
        ({"username": "joe"}, "give one of them"),
        ({"password_file": Path("p")}, "the address holds a password, and password_file names one"),
    ],
)
async def test_settings_that_contradict_the_address_are_refused(
    broker: MemoryBroker, source_options: Options, settings: dict[str, object], why: str
) -> None:
    """What would be ignored is an error, and shows no password."""
    with pytest.raises(SettingsError, match=why) as refused:
        MqttSource(source_options(broker.url("cam"), **settings), broker.subscribe)
    assert PASSWORD not in refused.value.message


def test_without_the_library_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, source_options: Options
) -> None:
    """The extra is optional, and its absence is one line."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'portero\[bridge,mqtt\]'$"):
        open_mqtt(source_options("mqtt://broker/cam"))
