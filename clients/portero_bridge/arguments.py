"""Parses the command line of `portero-bridge` into settings."""

import argparse
import os
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from portero_bridge.discovery.search import Search
from portero_bridge.errors import SettingsError
from portero_bridge.probe import Probe
from portero_bridge.redact import redact_url
from portero_bridge.settings import BridgeSettings, CameraSettings, Pacing, RtspTransport, repeated_names
from portero_bridge.yaml_file import all_problems, read_yaml
from portero_client.settings import DEFAULT_HELP, SERVER_VARIABLE, ConnectionSettings
from portero_client.streaming.frames import DeliveryMode
from portero_client.tls import TlsFiles

_DESCRIPTION = """Forwards the frames of cameras to a Portero server.

Either with a file of cameras (--config), or with one source: an http(s) URL of an MJPEG stream or a JPEG
snapshot, an rtsp(s) URL, an mqtt(s) URL of a broker with a topic, the number of a USB camera, a video file, a
folder of images, or synthetic:.

`portero-bridge probe SOURCE` says what a camera is, what is odd about it, and writes its settings.
`portero-bridge discover` finds the cameras of this network that speak ONVIF."""

_PROBE_DESCRIPTION = """Says in one line what a camera is and what is odd about it, and writes the settings that work.
No server is needed. One that is set (--server, or PORTERO_SERVER) is asked once how many faces the last picture
shows, and how many are too small; the credential must have the role check-in-desk or operator."""
_LONGEST_PROBE = 600

_DISCOVER_DESCRIPTION = """Finds the cameras of this network that speak ONVIF: their addresses, what they say about
themselves, and the command that looks at their pictures. Ends with 1 if there is none."""
_LONGEST_SEARCH = 60


def read_arguments(arguments: list[str]) -> BridgeSettings:
    """Returns the settings that a command line specifies.

    Raises:
        SettingsError: Something in it, or in the file that it names, cannot be done.
        SystemExit: --help was asked for, or an option does not exist.
    """
    given = vars(_parser().parse_args(arguments))
    config: Path | None = given.pop("config")
    bridge = {name: given.pop(name) for name in ("server", "metrics_listen", "spool_directory", "token_file")}
    bridge = {name: value for name, value in bridge.items() if value is not None}
    tls = {name: given.pop(name) for name in ("ca_file", "certificate", "key")}
    tls = {name: value for name, value in tls.items() if value is not None}
    given["ca_file"] = given.pop("camera_ca_file")
    camera = {name: value for name, value in given.items() if value is not None and value is not False}
    if config is not None:
        if camera:
            raise SettingsError(f"--config names the cameras: it cannot be given with {', '.join(sorted(camera))}")
        settings = read_yaml(config, BridgeSettings, repeated_names)
        return settings.model_copy(update={**bridge, "tls": settings.tls.model_copy(update=tls)})
    if "source" not in camera or "name" not in camera:
        raise SettingsError("give either --config FILE, or SOURCE and --camera NAME")
    try:
        return BridgeSettings.model_validate({**bridge, "tls": tls, "cameras": [camera]})
    except ValidationError as error:
        said = all_problems(error, BridgeSettings).replace("cameras.0.", "")
        raise SettingsError(f"command line: {said}") from error


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints show no password."""

    def error(self, message: str) -> NoReturn:
        super().error(redact_url(message))


def read_probe_arguments(arguments: list[str]) -> Probe:
    """Returns what `portero-bridge probe` is to look at.

    Raises:
        SettingsError: Something in the command line cannot be done.
        SystemExit: --help was asked for, or an option does not exist.
    """
    parser = _Parser("portero-bridge probe", description=_PROBE_DESCRIPTION)
    parser.add_argument("source", metavar="SOURCE", help="where images come from")
    parser.add_argument("--camera", dest="name", metavar="NAME", default="camera", help="the camera's name in the YAML")
    parser.add_argument("--seconds", type=float, metavar="S", default=5.0, help="how long to look; default 5")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep one of its pictures here")
    _add_access(parser)
    _add_server(parser, default=f"{SERVER_VARIABLE}, or none is asked")
    given = vars(parser.parse_args(arguments))
    seconds, save = given.pop("seconds"), given.pop("save")
    connection = _connection_of(given.pop("server"), given.pop("ca_file"), given.pop("token_file"))
    if not 0 < seconds <= _LONGEST_PROBE:
        raise SettingsError(f"--seconds must be more than 0 and at most {_LONGEST_PROBE}")
    given["ca_file"] = given.pop("camera_ca_file")
    try:
        camera = CameraSettings.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SettingsError(f"command line: {all_problems(error, CameraSettings)}") from error
    return Probe(camera, seconds, save, connection)


def read_discover_arguments(arguments: list[str]) -> Search:
    """Returns how `portero-bridge discover` is to look for cameras.

    Raises:
        SettingsError: Something in the command line cannot be done.
        SystemExit: --help was asked for, or an option does not exist.
    """
    parser = _Parser("portero-bridge discover", description=_DISCOVER_DESCRIPTION)
    parser.add_argument("--seconds", type=float, metavar="S", default=4.0, help="how long to wait; default 4")
    parser.add_argument(
        "--interface", action="append", default=[], metavar="NAME", help="ask on this one; may be repeated; default all"
    )
    given = parser.parse_args(arguments)
    if not 0 < given.seconds <= _LONGEST_SEARCH:
        raise SettingsError(f"--seconds must be more than 0 and at most {_LONGEST_SEARCH}")
    return Search(given.seconds, tuple(given.interface))


def _connection_of(server: str | None, ca_file: Path | None, token_file: Path | None) -> ConnectionSettings | None:
    """Returns how a server is reached, or None where none is set."""
    if server is None and not os.environ.get(SERVER_VARIABLE):
        return None
    files = TlsFiles(ca_file, None, None) if ca_file is not None else None
    return ConnectionSettings.from_environment(server, tls_files=files, token_file=token_file)


def _default(name: str) -> Any:
    return CameraSettings.model_fields[name].default


def _add_access(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say how a camera is reached."""
    add = parser.add_argument
    add("--username", metavar="NAME", help="who asks an http(s) or mqtt(s) camera, where the address does not say")
    add("--password-file", type=Path, metavar="FILE", help="file that holds the password")
    add(
        "--camera-ca",
        dest="camera_ca_file",
        type=Path,
        metavar="FILE",
        help="authorities of the certificate of an https camera or mqtts broker, or the certificate itself (PEM)",
    )
    add(
        "--camera-client-certificate",
        dest="client_certificate",
        type=Path,
        metavar="FILE",
        help="this bridge's certificate at an mqtts camera's broker (PEM)",
    )
    add("--camera-client-key", dest="client_key", type=Path, metavar="FILE", help="its private key (PEM)")
    add(
        "--camera-certificate",
        dest="certificate_sha256",
        metavar="SHA256",
        help="fingerprint of the certificate of an https camera or mqtts broker, which may then be self-signed",
    )


def _add_server(parser: argparse.ArgumentParser, default: str = DEFAULT_HELP) -> None:
    """Adds the options that say how the server is reached."""
    add = parser.add_argument
    add("--server", metavar="HOST:PORT", help=f"default: {default}")
    add("--ca", dest="ca_file", type=Path, metavar="FILE", help="authorities of the server's certificate (PEM)")
    add("--token-file", type=Path, metavar="FILE", help="file that holds an API key, where there is no certificate")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("portero-bridge", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)

    def add(*names: str, **options: Any) -> None:
        parser.add_argument(*names, **options)

    add("source", nargs="?", metavar="SOURCE", help="where images come from")
    add("--config", type=Path, metavar="FILE", help="YAML file of many cameras")
    add("--camera", dest="name", metavar="NAME", help="the camera's name at the server")
    _add_server(parser)
    add("--certificate", type=Path, metavar="FILE", help="this bridge's certificate (PEM)")
    add("--key", type=Path, metavar="FILE", help="its private key (PEM)")
    _add_access(parser)
    add("--rate", type=float, metavar="FPS", help=f"images a second that are sent; default {_default('rate'):g}")
    add("--max-side", type=int, metavar="PIXELS", help="shrink larger images to this longest side")
    add(
        "--quality",
        type=int,
        metavar="1-100",
        help=f"JPEG quality where images must be encoded; default {_default('quality')}",
    )
    add("--mode", choices=[mode.value for mode in DeliveryMode], help="what to do with frames that must wait")
    pacing = parser.add_mutually_exclusive_group()
    pacing.add_argument(
        "--realtime",
        dest="pacing",
        action="store_const",
        const=Pacing.REALTIME,
        help="recorded images at their own pace",
    )
    pacing.add_argument(
        "--as-fast-as-accepted",
        dest="pacing",
        action="store_const",
        const=Pacing.AS_FAST_AS_ACCEPTED,
        help="recorded images as fast as the server takes them; default with --once",
    )
    add("--once", action="store_true", help="end when a file, folder or scene has been sent once")
    add(
        "--rtsp-transport",
        choices=[transport.value for transport in RtspTransport],
        help=f"how the pictures of an RTSP camera come; default {_default('rtsp_transport').value}",
    )
    add("--start", metavar="TIME", help="when a recording began; default: what its file says (see clients/README.md)")
    add(
        "--recorded-rate",
        type=float,
        metavar="FPS",
        help="images a second of a recording without times of its own, or with wrong ones",
    )
    add("--spool-directory", type=Path, metavar="FOLDER", help="keep lossless frames here while the server is away")
    add("--metrics-listen", metavar="HOST:PORT", help="serve Prometheus metrics here")
    return parser
