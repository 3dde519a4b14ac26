"""What `portero-bridge probe` says."""

import asyncio
import base64
import dataclasses
from pathlib import Path

import pytest
import yaml

from portero_bridge.arguments import read_probe_arguments
from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.images.encoder import jpeg_size
from portero_bridge.probe import Look, Probe, look_at, run_probe, settings_of
from portero_bridge.settings import BridgeSettings, CameraSettings
from portero_bridge.sources.base import CapturedImage
from portero_client.settings import SERVER_VARIABLE
from portero_client.streaming.clock import SystemClock
from tests.support.bridge.broker import publisher
from tests.support.bridge.clock import JumpingClock
from tests.support.bridge.odd_camera import MIXED, PASSWORD, USER, OddCamera, OddServer, Then, head, part, parts, shot
from tests.support.bridge.odd_cameras import ODD_CAMERAS
from tests.support.bridge.pictures import START
from tests.support.processes.mosquitto_process import MISSING, Mosquitto, is_installed
from tests.support.processes.mosquitto_process import PASSWORD as BROKER_PASSWORD
from tests.support.processes.ports import free_port

ODD = {camera.name: camera for camera in ODD_CAMERAS}


async def _line(camera: OddCamera) -> str:
    """Returns what is said of a camera."""
    # So that a stream of three pictures is over.
    async with OddServer(dataclasses.replace(camera, then=Then.CLOSE)) as server:
        probe = Probe(CameraSettings(name="door", source=server.address, rate=None), seconds=3)
        return (await look_at(probe, JumpingClock())).line(probe.camera.kind.name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stream", "HTTP camera, 80x80, "),
        ("other-boundary", "its boundary is not the one that it names"),
        ("no-boundary", "names no boundary"),
        ("no-length", "no Content-Length in its parts"),
        ("zeros-behind-picture", "about 2,730 bytes behind each picture"),
        ("stream-as-picture", "says image/jpeg and sends a stream"),
        ("picture-as-text", "says text/html and sends a picture"),
        ("picture-without-length", "no Content-Length"),
        ("cut-picture", "25% of the pictures without an end"),
        ("icy", "its status line begins with ICY"),
        ("digest", "asks Digest"),
        ("basic-encoded", "asks Basic"),
        ("redirect", "redirects to another address"),
    ],
)
async def test_what_is_odd_is_said_in_one_line(name: str, words: str) -> None:
    """Each oddity has words, and a password has none."""
    line = await _line(ODD[name])
    assert words in line
    assert "\n" not in line
    assert PASSWORD not in line


async def test_a_camera_that_is_as_it_should_be_has_nothing_odd() -> None:
    """Nothing is found where nothing is."""
    assert (await _line(ODD["picture"])).endswith("KiB each; nothing odd")


async def test_a_camera_without_pictures_is_a_fault() -> None:
    """What is wrong is said as the bridge would say it, and what comes after a picture is part of the line."""
    with pytest.raises(SourceFault, match="sends a web page"):
        await _line(ODD["page"])
    assert (await _line(ODD["stream-ends"])).endswith("odd: the camera ended the stream")


async def test_a_frozen_camera_is_told() -> None:
    """Pictures that are all alike, byte for byte, are not live ones."""
    frozen = OddCamera("", "", "", lambda request, number: head(MIXED) + part(shot(1)) * 6)
    assert "all pictures are the same" in await _line(frozen)
    alive = OddCamera("", "", "", lambda request, number: head(MIXED) + parts(part, 6))
    assert "all pictures are the same" not in await _line(alive)


@pytest.mark.skipif(not is_installed(), reason=MISSING)
async def test_what_a_camera_publishes_is_said(tmp_path: Path) -> None:
    """Of an MQTT camera: the form of its payloads, what is no picture, and what the broker had retained."""
    broker = Mosquitto(tmp_path)
    stop = asyncio.Event()
    await broker.start()
    try:
        async with publisher(broker.port) as camera:
            await camera.publish("cam", shot(0), qos=1, retain=True)

            async def publish() -> None:
                while not stop.is_set():
                    await camera.publish("cam", b"online", qos=1)
                    await camera.publish("cam", base64.b64encode(shot(1)), qos=1)

            publishing = asyncio.create_task(publish())
            probe = Probe(CameraSettings(name="door", source=broker.url("cam"), rate=None), seconds=0.5)
            line = (await look_at(probe, SystemClock())).line(probe.camera.kind.name)
            stop.set()
            await publishing
    finally:
        await broker.kill()
    assert line.startswith("MQTT camera, 80x80, ")
    assert "takes the password without TLS, a picture that the broker retained is passed over" in line
    assert "published other bytes, not a JPEG file" in line
    assert "publishes Base64" in line
    assert BROKER_PASSWORD not in line + settings_of(probe.camera)


def test_pictures_a_second_are_of_the_pictures() -> None:
    """The time before the first does not count."""
    look = Look()
    for number in range(5):
        look.take(CapturedImage(shot(number), START), 100.0 + number / 2)
    assert "2.0 pictures/s" in look.line("mjpeg")


def test_the_settings_work_and_hold_no_password(tmp_path: Path) -> None:
    """What is written is a camera of a bridge's file; a password of the address goes to a file that is named."""
    camera = CameraSettings(name="door", source=f"http://{USER}:{PASSWORD}@192.0.2.7/a?token=abc", rate=2)
    text = settings_of(camera)
    (read,) = BridgeSettings.model_validate(yaml.safe_load(text)).cameras
    assert (read.username, read.password_file, read.rate) == (USER, Path("door.password"), 2)
    assert read.source == "http://192.0.2.7/a?token=***"
    assert PASSWORD not in text
    reached = CameraSettings(
        name="door",
        source="https://192.0.2.7/a",
        username="joe",
        password_file=tmp_path / "p",
        certificate_sha256="0a" * 32,
    )
    (read,) = BridgeSettings.model_validate(yaml.safe_load(settings_of(reached))).cameras
    assert read == reached


def test_a_picture_that_came_decoded_is_saved_too(tmp_path: Path) -> None:
    """Devices, RTSP and recordings give pixels; the file is a JPEG of their size."""
    saved = tmp_path / "x.jpg"
    run_probe(Probe(CameraSettings(name="door", source="synthetic:"), seconds=0.01, save=saved))
    assert jpeg_size(saved.read_bytes()) == (640, 480)


def test_command_line_is_read(tmp_path: Path) -> None:
    """Options of the source are those of the bridge."""
    probe = read_probe_arguments(["https://cam/", "--camera-certificate", "0A" * 32, "--save", str(tmp_path / "x.jpg")])
    assert (probe.camera.name, probe.camera.certificate_sha256) == ("camera", "0a" * 32)
    assert probe.save == tmp_path / "x.jpg"
    with pytest.raises(SettingsError, match="--seconds must be more than 0"):
        read_probe_arguments(["https://cam/", "--seconds", "0"])
    with pytest.raises(SettingsError, match="is not an http"):
        read_probe_arguments(["ftp://cam/"])


def test_faces_are_counted_where_a_server_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By option or variable; without one nothing is said about faces, and one that is away spoils nothing."""
    address = f"127.0.0.1:{free_port()}"
    arguments = ["synthetic:", "--seconds", "0.01"]
    monkeypatch.delenv(SERVER_VARIABLE, raising=False)
    assert read_probe_arguments(arguments).connection is None
    named = read_probe_arguments([*arguments, "--server", address])
    assert named.connection is not None
    assert named.connection.server == address
    run_probe(read_probe_arguments(arguments))
    assert "faces" not in capsys.readouterr().out
    monkeypatch.setenv(SERVER_VARIABLE, address)
    run_probe(read_probe_arguments(arguments))
    assert "\nfaces not counted: " in capsys.readouterr().out
