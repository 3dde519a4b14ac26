"""Settings, the YAML file and the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

import portero_bridge
from portero_bridge.arguments import read_arguments
from portero_bridge.errors import SettingsError
from portero_bridge.settings import BridgeSettings, CameraSettings, Pacing, SpoolSettings, Tuning, repeated_names
from portero_bridge.yaml_file import read_yaml
from portero_client.streaming.frames import DeliveryMode

EXAMPLE = Path(portero_bridge.__file__).with_name("bridge.example.yaml")


def read(tmp_path: Path, text: str) -> BridgeSettings:
    """Reads settings from a file's text."""
    path = tmp_path / "bridge.yaml"
    path.write_text(text)
    return read_yaml(path, BridgeSettings, repeated_names)


def test_example_is_valid_and_shows_every_setting() -> None:
    """The sample file names each setting there is, and its values are the defaults they are said to be."""
    settings = read_yaml(EXAMPLE, BridgeSettings)
    text = EXAMPLE.read_text()
    for model in (BridgeSettings, CameraSettings):
        assert all(f"{name}:" in text for name in model.model_fields)
    first = CameraSettings(name="front-door", source="http://192.168.1.31:81/stream", mode=DeliveryMode.LIVE)
    assert settings.cameras[0] == first
    assert settings.server_retry_cap == BridgeSettings.model_fields["server_retry_cap"].default


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("camera a: rate: Input should be less than or equal to 120", "cameras: [{name: a, source: '0', rate: 500}]"),
        ("camera a: fps: there is no such setting", "cameras: [{name: a, source: '0', fps: 5}]"),
        ("cameras: Field required", "server: localhost:1"),
        ("camera a: mode: Input should be 'live' or 'lossless'", "cameras: [{name: a, source: '0', mode: fast}]"),
        ("two cameras are named 'a'", "cameras: [{name: a, source: '0'}, {name: a, source: '1'}]"),
        ("camera Lobby 1: name: String should match pattern", "cameras: [{name: Lobby 1, source: '0'}]"),
        ("is not YAML in line 2", "cameras:\n  - {name: a"),
        ("line 1, the document: Input should be a valid dictionary", "nothing"),
        ("line 3, server: is written twice", "server: a:1\ncameras: [{name: a, source: '0'}]\nserver: b:1"),
        ("password_file needs username", "cameras: [{name: a, source: 'http://x/', password_file: f}]"),
        ("username is for http(s) and mqtt(s) cameras", "cameras: [{name: a, source: '0', username: joe}]"),
        (
            "exclude each other",
            f"cameras: [{{name: a, source: 'https://x/', ca_file: a, certificate_sha256: {'0a' * 32}}}]",
        ),
        (
            "client_certificate and client_key belong together",
            "cameras: [{name: a, source: 'mqtts://x/cam', client_certificate: c}]",
        ),
        (
            "client_certificate is for mqtts cameras",
            "cameras: [{name: a, source: 'https://x/', client_certificate: c, client_key: k}]",
        ),
        ("camera a: source: source 'mqtt://x' names no topic", "cameras: [{name: a, source: 'mqtt://x'}]"),
        (
            "cameras a and b have the same client_id at one broker",
            "cameras: [{name: a, source: 'mqtt://x/1?client_id=c'}, {name: b, source: 'mqtt://x/2?client_id=c'}]",
        ),
        ("64 hexadecimal digits", "cameras: [{name: a, source: 'https://x/', certificate_sha256: abc}]"),
    ],
)
def test_wrong_file_is_one_line_with_file_field_and_limit(tmp_path: Path, line: str, text: str) -> None:
    """Whoever wrote the file learns what to change, in one line."""
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, text)
    assert "\n" not in raised.value.message
    assert raised.value.message.startswith(str(tmp_path / "bridge.yaml"))
    assert line in raised.value.message


def test_wrong_source_is_named_without_its_password(tmp_path: Path) -> None:
    """An address that no source claims is shown redacted, and no error shows a value."""
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, "cameras: [{name: a, source: 'ftp://joe:s3cret@cam/x'}]")
    assert "ftp://***@cam/x" in raised.value.message
    assert "s3cret" not in raised.value.message
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, "cameras: [{name: a, source: 'rtsp://joe:s3cret@cam/x', rate: none}]")
    assert "s3cret" not in raised.value.message


def test_settings_do_not_show_addresses() -> None:
    """A camera's settings can be printed without giving its password away."""
    assert "s3cret" not in repr(CameraSettings(name="a", source="rtsp://joe:s3cret@cam/x"))


def test_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    """A file that cannot be read is named with the reason."""
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_yaml(tmp_path / "bridge.yaml", BridgeSettings)


def test_defaults_follow_the_kind_of_source(tmp_path: Path) -> None:
    """Cameras are live and in real time; a recording that is wanted once is lossless and fast."""
    camera = CameraSettings(name="a", source="http://cam/stream", once=True)
    assert (camera.delivery_mode, camera.is_realtime) == (DeliveryMode.LIVE, True)
    repeated = CameraSettings(name="a", source=str(tmp_path))
    assert (repeated.delivery_mode, repeated.is_realtime) == (DeliveryMode.LIVE, True)
    once = CameraSettings(name="a", source=str(tmp_path), once=True)
    assert (once.delivery_mode, once.is_realtime) == (DeliveryMode.LOSSLESS, False)
    paced = CameraSettings(name="a", source=str(tmp_path), once=True, pacing=Pacing.REALTIME)
    assert (paced.delivery_mode, paced.is_realtime) == (DeliveryMode.LIVE, True)


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("mjpeg", "http://cam:81/stream"),
        ("mjpeg", "HTTPS://cam/capture"),
        ("rtsp", "rtsps://cam/stream"),
        ("mqtt", "mqtt://broker/cam"),
        ("mqtt", "MQTTS://broker/cam"),
        ("device", "0"),
        ("device", "/dev/video2"),
        ("synthetic", "synthetic:"),
        ("folder", "."),
        ("file", __file__),
    ],
)
def test_address_tells_the_kind(kind: str, source: str) -> None:
    """Each address has one kind of source."""
    assert CameraSettings(name="a", source=source).kind.name == kind


def test_command_line_makes_one_camera() -> None:
    """Options become the camera's settings, and what is not given keeps its default."""
    settings = read_arguments(
        ["synthetic:", "--camera", "lobby", "--rate", "2", "--mode", "lossless", "--once", "--server", "s:1"]
    )
    (camera,) = settings.cameras
    assert settings.server == "s:1"
    assert (camera.name, camera.rate, camera.delivery_mode, camera.once) == ("lobby", 2, DeliveryMode.LOSSLESS, True)
    assert camera.quality == 85


def test_a_mistyped_command_line_shows_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    """An address that is one too many is quoted without its secret."""
    with pytest.raises(SystemExit):
        read_arguments(["synthetic:", "rtsp://admin:s3cret@cam/live", "--camera", "lobby"])
    said = capsys.readouterr().err
    assert "s3cret" not in said
    assert "rtsp://***@cam/live" in said


def test_a_recording_has_its_own_time_and_a_camera_has_not(tmp_path: Path) -> None:
    """A start without a zone is this machine's; one for a camera is refused; with one, no frame may be lost."""
    settings = read_arguments([str(tmp_path), "--camera", "a", "--once", "--start", "2026-05-01 10:30"])
    (camera,) = settings.cameras
    assert camera.start == datetime(2026, 5, 1, 10, 30).astimezone(UTC)
    assert camera.keeps_time
    in_real_time = camera.model_copy(update={"pacing": Pacing.REALTIME})
    assert (in_real_time.keeps_time, in_real_time.delivery_mode) == (True, DeliveryMode.LOSSLESS)
    assert not in_real_time.model_copy(update={"start": None}).keeps_time
    for option in ("--start=2026-05-01", "--recorded-rate=2"):
        with pytest.raises(SettingsError, match="is for video files and folders of images"):
            read_arguments(["0", "--camera", "a", option])


def test_spooled_recordings_may_be_of_any_age(tmp_path: Path) -> None:
    """A recording from years ago is kept in the spool; pictures of a camera are kept for as long as is set."""
    video = tmp_path / "a.mp4"
    video.touch()
    tuning = Tuning(spool_directory=tmp_path)
    recording = CameraSettings(name="door", source=str(video), once=True)
    assert tuning.stream_settings(recording, source_waits=True).tuning.spool_limits.max_age is None
    live = CameraSettings(name="door", source="rtsp://camera/", spool=SpoolSettings(max_age=60))
    limits = tuning.stream_settings(live, source_waits=False).tuning.spool_limits
    assert limits.max_age == timedelta(minutes=1)


def test_command_line_says_how_a_camera_is_reached() -> None:
    """User, password and certificate of the camera are told apart from those of the server."""
    reached = ["--username", "joe", "--password-file", "p", "--camera-ca", "cam.pem", "--ca", "server.pem"]
    settings = read_arguments(["https://cam/", "--camera", "lobby", *reached])
    (camera,) = settings.cameras
    assert (camera.username, camera.password_file, camera.ca_file) == ("joe", Path("p"), Path("cam.pem"))
    assert settings.tls.ca_file == Path("server.pem")
    pinned = read_arguments(["https://cam/", "--camera", "a", "--camera-certificate", "SHA256:" + "0A" * 32])
    assert pinned.cameras[0].certificate_sha256 == "0a" * 32


def test_a_password_file_needs_a_user_of_the_address_or_the_settings() -> None:
    """Two bridges of one broker may have one client_id each, and a user in the address counts."""
    shared = ["mqtts://joe@broker/cam?client_id=a", "--camera", "gate", "--password-file", "p"]
    (camera,) = read_arguments([*shared, "--camera-client-certificate", "c", "--camera-client-key", "k"]).cameras
    assert (camera.password_file, camera.client_certificate, camera.client_key) == (Path("p"), Path("c"), Path("k"))
    with pytest.raises(SettingsError, match="password_file needs username beside it, or a user name in the address"):
        read_arguments(["mqtts://broker/cam", "--camera", "gate", "--password-file", "p"])


def test_command_line_overrides_the_file(tmp_path: Path) -> None:
    """The server and the metrics can be given beside a file, cameras cannot."""
    path = tmp_path / "bridge.yaml"
    path.write_text("{server: 'a:1', cameras: [{name: a, source: '0'}]}")
    assert read_arguments(["--config", str(path), "--server", "b:2"]).server == "b:2"
    with pytest.raises(SettingsError, match="cannot be given with rate"):
        read_arguments(["--config", str(path), "--rate", "3"])


def test_command_line_without_a_camera_says_what_to_give() -> None:
    """Neither a file nor a source and a name is an error with both ways in it."""
    with pytest.raises(SettingsError, match="give either --config FILE, or SOURCE and --camera NAME"):
        read_arguments(["synthetic:"])
    with pytest.raises(SettingsError, match=r"^command line: rate: .*; quality: "):
        read_arguments(["synthetic:", "--camera", "a", "--quality", "0", "--rate", "-1"])


def test_settings_are_frozen() -> None:
    """Nobody changes settings on the way."""
    camera = CameraSettings(name="a", source="0")
    with pytest.raises(ValidationError):
        camera.rate = 3  # type: ignore[misc]  # what the test is about


@pytest.mark.parametrize("value", ["!!int ''", "!!float ''", "!!bool maybe", "!!timestamp 1", "2001-99-99"])
def test_values_that_the_yaml_library_stumbles_over_are_one_line(tmp_path: Path, value: str) -> None:
    """A tag whose value is none of its kind is refused as no YAML, not with the library's own fault."""
    with pytest.raises(SettingsError, match="is not YAML"):
        read(tmp_path, f"cameras: {value}")


def test_a_source_longer_than_a_file_name_is_refused(tmp_path: Path) -> None:
    """What is too long for a path is a wrong source, not an error of the system."""
    with pytest.raises(SettingsError, match="is not an http"):
        read(tmp_path, f"cameras: [{{name: a, source: {'x' * 300}}}]")


@pytest.mark.parametrize(
    "source", ["admin:hunter2@192.0.2.7/stream", "http:/admin:hunter2@192.0.2.7/", "ftp:admin:hunter2@x"]
)
def test_a_mistyped_address_does_not_show_its_password(tmp_path: Path, source: str) -> None:
    """Without the slashes of a URL, what stands before the host is hidden all the same."""
    with pytest.raises(SettingsError) as raised:
        # The second is a path that does not exist, to those who read it strictly.
        read(tmp_path, f"cameras: [{{name: a, source: '{source}'}}]")
    assert "hunter2" not in raised.value.message


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    """Thirty lines that each merge the one before twice would be a billion values; a few defaults are fine."""
    path = tmp_path / "bridge.yaml"
    lines = ["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 31))]
    path.write_text("\n".join(lines))
    with pytest.raises(SettingsError, match="aliases stand for more than 200000 values"):
        read_yaml(path, BridgeSettings)
    path.write_text("a: &a [*a]")
    with pytest.raises(SettingsError):
        read_yaml(path, BridgeSettings)
