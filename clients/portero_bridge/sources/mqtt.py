"""Cameras that publish JPEG pictures to a topic of an MQTT broker."""

import asyncio
import importlib.util
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.sources.base import CapturedImage, SourceKind, SourceOptions
from portero_bridge.sources.http.credentials import Credentials, KnownCredentials
from portero_bridge.sources.http.trust import Trust
from portero_bridge.sources.mqtt_address import SCHEMES, read_mqtt_address
from portero_bridge.sources.mqtt_payload import PayloadRefused, picture_of
from portero_bridge.sources.mqtt_subscription import Publication, Subscribe, Subscription

_LIBRARY = "aiomqtt"


class MqttSource:
    """A camera behind an mqtt(s) URL.

    A picture that the broker retained is passed over: it may be of yesterday. A payload without a usable picture is
    counted and named, and the next one is taken.

    Args:
        options: What the source is told.
        subscribe: Reaches the broker.

    Raises:
        SettingsError: The URL is malformed, or contradicts the settings.
    """

    is_finite = False
    waits = False

    def __init__(self, options: SourceOptions, subscribe: Subscribe) -> None:
        self._address = read_mqtt_address(options.address)
        self._known = KnownCredentials(self._address.credentials, options.username, options.password_file)
        self._options = options
        self._subscribe = subscribe
        self._trust = Trust(options.ca_file, options.certificate_sha256)
        if not self._address.is_secure:
            _refuse_without_tls(options)
        # The same at each reconnect, so that a broker's log tells one bridge from another.
        self._client_id = self._address.client_id or f"portero-bridge-{secrets.token_hex(6)}"

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Subscribes and yields images until the connection ends.

        Raises:
            SourceFault: The broker is off or refuses, or the camera is silent.
        """
        async with self._subscribed(self._known.current()) as publications:
            while True:
                yield await self._next(publications)

    def _subscribed(self, credentials: Credentials | None) -> AbstractAsyncContextManager[AsyncIterator[Publication]]:
        options = self._options
        if credentials is not None and not self._address.is_secure:
            options.notice("takes the password without TLS")
        return self._subscribe(
            Subscription(
                self._address,
                self._client_id,
                credentials,
                self._trust,
                options.client_certificate,
                options.client_key,
                options.connect_timeout,
                options.clock,
            )
        )

    async def _next(self, publications: AsyncIterator[Publication]) -> CapturedImage:
        """Returns the next picture; what is no picture does not count as life."""
        timeout = self._options.read_timeout
        dropped, last_oddity = 0, ""
        try:
            async with asyncio.timeout(timeout):
                async for publication in publications:
                    dropped += publication.dropped
                    if publication.is_retained:
                        last_oddity = "a picture that the broker retained"
                        self._options.notice(f"{last_oddity} is passed over")
                        continue
                    try:
                        picture = picture_of(publication.payload, self._address.field)
                    except PayloadRefused as refused:
                        last_oddity = str(refused)
                        self._options.notice(f"published {last_oddity}")
                        self._options.skipped(f"{self._address.topic}: {last_oddity}")
                        continue
                    if picture.form != "a JPEG file":
                        self._options.notice(f"publishes {picture.form}")
                    if dropped:
                        self._options.notice("publishes faster than its pictures are taken")
                    return CapturedImage(picture.file, publication.arrival, picture.cut, dropped)
        except TimeoutError as error:
            if last_oddity:
                raise SourceFault(
                    f"the camera published no new picture for {timeout:g} s; {last_oddity} came"
                ) from error
            raise SourceFault(f"nothing was published to the topic for {timeout:g} s") from error
        raise SourceFault("the broker ended the connection")


def open_mqtt(options: SourceOptions) -> MqttSource:
    """Returns the source for an MQTT URL.

    Raises:
        SettingsError: The URL is malformed, or the library is not installed.
    """
    _check(options.address)
    # Loaded only where a camera needs it.
    from portero_bridge.sources.mqtt_connection import subscribed

    return MqttSource(options, subscribed)


def _refuse_without_tls(options: SourceOptions) -> None:
    files: dict[str, Path | str | None] = {
        "ca_file": options.ca_file,
        "certificate_sha256": options.certificate_sha256,
        "client_certificate": options.client_certificate,
    }
    for name, value in files.items():
        if value is not None:
            raise SettingsError(f"{name} is for TLS: write mqtts:// in place of mqtt://")


def _check(address: str) -> None:
    read_mqtt_address(address)
    if importlib.util.find_spec(_LIBRARY) is None:
        raise SettingsError(
            f"the library {_LIBRARY} is missing, which MQTT cameras need; install it with:"
            " pip install 'portero[bridge,mqtt]'"
        )


def _claims(address: str) -> bool:
    return address.lower().startswith(SCHEMES)


KIND = SourceKind("mqtt", _claims, open_mqtt, takes_credentials=True, takes_client_certificate=True, check=_check)
"""JPEG pictures from a topic of an MQTT broker."""
