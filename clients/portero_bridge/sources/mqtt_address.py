"""Addresses of MQTT cameras: `mqtts://user@host:8883/topic/of/camera?qos=1`. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from portero_bridge.errors import SettingsError
from portero_bridge.redact import redact_address
from portero_bridge.sources.http.credentials import Credentials, split_credentials

SCHEMES = ("mqtt://", "mqtts://")

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:@/?#\[\]]+)(?::(?P<port>\d{1,5}))?")
_MOST_PORT = 65_535
_PROTOCOLS = ("5", "3.1.1")
_QOS = ("0", "1", "2")
_CLIENT_ID = re.compile(r"[!-~]{1,128}")
_FIELD = re.compile(r"\S.{0,99}")
_DEFAULT_FIELD = "image"
_OPTIONS = ("qos", "client_id", "protocol", "field")


@dataclass(frozen=True, slots=True)
class MqttAddress:
    """The parts of an address.

    Attributes:
        host: Name or IP address of the broker.
        port: TCP port.
        is_secure: Whether TLS is spoken.
        topic: The one topic that the camera publishes to.
        qos: Quality of service that is asked for: 0, 1 or 2.
        client_id: What the bridge calls itself at the broker; None: a random name.
        protocol: Version of MQTT: 5 or 3.1.1.
        field: Where in a JSON payload the picture is.
        credentials: User name and password of the address, if it has any.
    """

    host: str
    port: int
    is_secure: bool
    topic: str
    qos: int = 0
    client_id: str | None = None
    protocol: str = "5"
    field: str = _DEFAULT_FIELD
    credentials: Credentials | None = None


def read_mqtt_address(address: str) -> MqttAddress:
    """Parses an address; user name and password may be escaped as in URLs, or not at all.

    Raises:
        SettingsError: A part is missing or has a value that cannot be; no message shows a secret.
    """
    plain, credentials = split_credentials(address)
    scheme, _, rest = plain.partition("://")
    rest, hash_sign, _ = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    place = _PLACE.fullmatch(authority)
    if place is None or int(place["port"] or 1) not in range(1, _MOST_PORT + 1):
        raise _wrong(address, "names no broker as HOST or HOST:PORT")
    if hash_sign:
        raise _wrong(address, "has a #: write %23 for it in a client_id; a topic is of one camera and has none")
    options = _options(address, query)
    return MqttAddress(
        host=place["host"].strip("[]"),
        port=int(place["port"] or _PORTS[scheme.lower()]),
        is_secure=scheme.lower() == "mqtts",
        topic=_topic(address, path),
        qos=int(_choice(address, options, "qos", _QOS)),
        client_id=_text(address, options, "client_id", _CLIENT_ID, "1 to 128 printable characters"),
        protocol=_choice(address, options, "protocol", _PROTOCOLS),
        field=_text(address, options, "field", _FIELD, "1 to 100 characters") or _DEFAULT_FIELD,
        credentials=credentials,
    )


def _topic(address: str, path: str) -> str:
    try:
        topic = unquote(path, errors="strict")
    except UnicodeDecodeError as error:
        raise _wrong(address, "has a topic that is not UTF-8") from error
    if not topic:
        raise _wrong(address, "names no topic: write it behind the broker, as mqtt://HOST/TOPIC")
    if "+" in topic or "#" in topic:
        raise _wrong(address, "has a wildcard in its topic: + and # would mix the pictures of several cameras")
    if "\x00" in topic:
        raise _wrong(address, "has a zero byte in its topic")
    return topic


def _options(address: str, query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:
            # Its value may be a secret, and so may a name that is none.
            raise _wrong(
                address,
                f"has an option that does not exist; there are {', '.join(_OPTIONS)}, and password_file, ca_file,"
                " client_certificate and client_key are settings beside the source",
            )
        if name in options:
            raise _wrong(address, f"has the option {name} twice")
        options[name] = value
    return options


def _choice(address: str, options: dict[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = options.get(name, choices[0])
    if value not in choices:
        raise _wrong(address, f"has another {name} than {', '.join(choices[:-1])} or {choices[-1]}")
    return value


def _text(address: str, options: dict[str, str], name: str, pattern: re.Pattern[str], limit: str) -> str | None:
    value = options.get(name)
    if value is not None and pattern.fullmatch(value) is None:
        raise _wrong(address, f"has a {name} that is not {limit}")
    return value


def _wrong(address: str, why: str) -> SettingsError:
    return SettingsError(f"source {redact_address(address)!r} {why}")
