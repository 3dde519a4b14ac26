"""`portero-bridge probe SOURCE`: what a camera is, what is odd about it, and the settings that work."""

import asyncio
import sys
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.faces import count_faces
from portero_bridge.images.encoder import Encoder, jpeg_size
from portero_bridge.redact import redact_address
from portero_bridge.settings import CameraSettings
from portero_bridge.sources.base import CapturedImage, SourceOptions
from portero_bridge.sources.http.credentials import split_credentials
from portero_client.jpeg_file import JPEG_END
from portero_client.settings import ConnectionSettings
from portero_client.streaming.clock import Clock, SystemClock
from portero_client.streaming.frames import ImageLimits

# As many pictures tell what a camera does as a rule, without keeping a fast one for all the time that is given.
_ENOUGH_PICTURES = 200
# Fewer pictures that are alike may be a still scene.
_FROZEN_PICTURES = 5
_QUALITY = 90
# Settings of a camera that are written where they are set.
_SHOWN = (
    "username",
    "password_file",
    "ca_file",
    "certificate_sha256",
    "client_certificate",
    "client_key",
    "rate",
)
# A saved picture keeps its size, however large a camera's may be: a JPEG file has no longer side.
_SAVED = ImageLimits(max_bytes=64 * 1024 * 1024, max_side=65_500, max_pixels=65_500**2)


@dataclass(frozen=True, slots=True)
class Probe:
    """What to probe, and for how long.

    Attributes:
        camera: The source and how it is reached.
        seconds: How long to look, once it gives pictures.
        save: File for one of its pictures.
        connection: The server that counts faces, or None: then nothing is said about faces.
    """

    camera: CameraSettings
    seconds: float = 5.0
    save: Path | None = None
    connection: ConnectionSettings | None = None


@dataclass(slots=True)
class Look:
    """What was seen of a source; pictures are described as they come, and only the last is kept.

    Attributes:
        oddities: What the source noticed, in words, in order.
    """

    oddities: dict[str, None] = field(default_factory=dict)
    _count: int = 0
    _bytes: int = 0
    _cut_short: int = 0
    _trimmed: int = 0
    _sizes: Counter[str] = field(default_factory=Counter)
    _different: set[int] = field(default_factory=set)
    _times: list[float] = field(default_factory=list)
    _last: CapturedImage | None = None

    @property
    def is_enough(self) -> bool:
        """Whether more pictures would tell nothing new."""
        return self._count >= _ENOUGH_PICTURES

    @property
    def last(self) -> CapturedImage | None:
        """The last picture."""
        return self._last

    def notice(self, oddity: str) -> None:
        """Remembers what a source noticed."""
        self.oddities[oddity] = None

    def take(self, captured: CapturedImage, now: float) -> None:
        """Adds a picture that came at monotonic seconds."""
        self._count += 1
        self._last = captured
        self._trimmed += captured.trimmed
        self._times.append(now)
        image = captured.image
        if isinstance(image, bytes):
            self._bytes += len(image)
            self._cut_short += not image.endswith(JPEG_END)
            self._different.add(hash(image))
            size = jpeg_size(image)
            self._sizes[f"{size[0]}x{size[1]}" if size else "no size"] += 1
        else:
            self._different.add(hash(image.tobytes()))
            self._sizes[f"{image.shape[1]}x{image.shape[0]}"] += 1

    def line(self, kind: str) -> str:
        """Returns one line: what the source is, then what is odd about it."""
        facts = [_KIND_WORDS.get(kind, kind), " and ".join(self._sizes)]
        if self._count > 1:
            facts.append(f"{(self._count - 1) / max(1e-9, self._times[-1] - self._times[0]):.1f} pictures/s")
        if self._bytes:
            facts.append(f"{self._bytes / self._count / 1024:.0f} KiB each")
        odd = [*self.oddities]
        if self._trimmed:
            odd.append(f"about {self._trimmed // self._count:,} bytes behind each picture")
        if self._cut_short:
            odd.append(f"{self._cut_short / self._count:.0%} of the pictures without an end")
        if self._count >= _FROZEN_PICTURES and len(self._different) == 1:
            odd.append("all pictures are the same")
        return f"{', '.join(facts)}; {'odd: ' + ', '.join(odd) if odd else 'nothing odd'}"


_KIND_WORDS = {"mjpeg": "HTTP camera", "rtsp": "RTSP camera", "mqtt": "MQTT camera", "device": "camera of this machine"}


async def look_at(probe: Probe, clock: Clock) -> Look:
    """Looks at a source's pictures.

    Raises:
        SourceFault: It gives none.
        SettingsError: It cannot be made.
    """
    camera, look = probe.camera, Look()
    options = SourceOptions(
        address=camera.source,
        rate=camera.rate,
        max_side=None,
        quality=_QUALITY,
        realtime=True,
        connect_timeout=camera.connect_timeout,
        read_timeout=camera.read_timeout,
        clock=clock,
        username=camera.username,
        password_file=camera.password_file,
        ca_file=camera.ca_file,
        certificate_sha256=camera.certificate_sha256,
        client_certificate=camera.client_certificate,
        client_key=camera.client_key,
        notice=look.notice,
    )
    try:
        async with aclosing(camera.kind.open(options).images()) as images:
            began = None
            async for captured in images:
                now = clock.monotonic()
                began = now if began is None else began
                look.take(captured, now)
                if look.is_enough or now - began >= probe.seconds:
                    break
    except SourceFault as fault:
        if look.last is None:
            raise
        look.notice(fault.message)
    if look.last is None:
        raise SourceFault("the source ended without a picture")
    return look


def settings_of(camera: CameraSettings) -> str:
    """Returns the YAML of a camera; a password of the address is left to a file that is still to be written."""
    source, credentials = camera.source, None
    if camera.kind.takes_credentials:
        source, credentials = split_credentials(camera.source)
    shown = redact_address(source)
    given: dict[str, object] = {"name": camera.name, "source": shown}
    if credentials is not None:
        given |= {"username": credentials.username, "password_file": f"{camera.name}.password"}
    for name in _SHOWN:
        value = getattr(camera, name)
        if value is not None:
            given[name] = value if isinstance(value, (str, float)) else str(value)
    text = yaml.safe_dump({"cameras": [given]}, sort_keys=False, allow_unicode=True)
    if credentials is not None:
        text += f"# Write the password into {camera.name}.password, mode 600.\n"
    if shown != source:
        text += "# *** stands for what is secret in the address.\n"
    return text


def _sendable(captured: CapturedImage) -> bytes:
    """Returns a picture as the bridge would send it to a server."""
    encoder = Encoder(None, _QUALITY, ImageLimits())
    image = captured.image
    return image if isinstance(image, bytes) and encoder.fits(image) else encoder.encode(image)


def run_probe(probe: Probe) -> None:
    """Probes, and writes what it found to standard output.

    Raises:
        SourceFault: The source gives no pictures.
        SettingsError: It cannot be made, or the picture cannot be saved.
    """
    look = asyncio.run(look_at(probe, SystemClock()))
    write = sys.stdout.write
    write(f"{look.line(probe.camera.kind.name)}\n")
    if probe.connection is not None and look.last is not None:
        write(f"{asyncio.run(count_faces(probe.connection, _sendable(look.last)))}\n")
    if probe.save is not None and look.last is not None:
        image = look.last.image
        encoder = Encoder(None, _QUALITY, _SAVED)
        try:
            probe.save.write_bytes(image if isinstance(image, bytes) else encoder.encode(image))
        except OSError as error:
            raise SettingsError(f"--save {probe.save}: cannot be written: {error.strerror}") from error
        write(f"picture: {probe.save}\n")
    write(f"\n{settings_of(probe.camera)}")
