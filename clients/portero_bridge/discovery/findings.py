"""What a search for cameras found, and how it is told. Pure."""

import ipaddress
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from portero_bridge.discovery.messages import Match, read_matches

# An answer comes once an interface and question; more is somebody who floods.
_MOST_CAMERAS = 1000
_LONGEST_TEXT = 120
_SCOPE = "onvif://www.onvif.org/"
# Where a maker's cameras have their stream. Others say it in their manual.
_PATHS = (
    ("hikvision", "/Streaming/Channels/101"),
    ("dahua", "/cam/realmonitor?channel=1&subtype=0"),
    ("amcrest", "/cam/realmonitor?channel=1&subtype=0"),
    ("axis", "/axis-media/media.amp"),
    ("reolink", "/h264Preview_01_main"),
    ("tapo", "/stream1"),
    ("tp-link", "/stream1"),
    ("hanwha", "/profile2/media.smp"),
    ("uniview", "/media/video1"),
    ("foscam", "/videoMain"),
)
_WHAT_TO_CHECK = (
    "is ONVIF switched on in the camera's own settings? Many makers deliver it switched off",
    "is this machine in the camera's network? The question is multicast, which no router passes on; a container needs"
    " the host's network",
    "does a firewall drop answers, which come by UDP from port 3702?",
    "cameras that speak no ONVIF (an ESP32-CAM, a phone) are not found: try `portero-bridge probe http://ADDRESS/`",
)


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that answered.

    Attributes:
        addresses: Where its answers came from, usually one.
        match: What it said.
    """

    addresses: tuple[str, ...]
    match: Match

    @property
    def name(self) -> str:
        """Its name and hardware as it gives them, or empty."""
        parts = dict.fromkeys(part for kind in ("name", "hardware") if (part := self._of_scopes(kind)))
        return " ".join(parts)

    @property
    def scopes(self) -> list[str]:
        """What else it says about itself, readable."""
        scopes = (unquote(scope.removeprefix(_SCOPE)) for scope in self.match.scopes)
        return [_plain(scope) for scope in scopes if not scope.startswith(("name/", "hardware/"))]

    @property
    def command(self) -> str:
        """The command that looks at its pictures, for a shell."""
        said = " ".join(map(unquote, self.match.scopes)).lower()
        path = next((path for maker, path in _PATHS if maker in said), "/")
        return f"portero-bridge probe {shlex.quote(f'rtsp://USER:PASSWORD@{self.addresses[0]}{path}')}"

    def _of_scopes(self, kind: str) -> str:
        start = f"{_SCOPE}{kind}/"
        found = (scope.removeprefix(start) for scope in self.match.scopes if scope.startswith(start))
        return _plain(unquote(next(found, "")))


class Findings:
    """Collects answers: one camera each, however often and over how many interfaces it answered."""

    def __init__(self) -> None:
        self._cameras: dict[tuple[str, ...], FoundCamera] = {}
        self._others: set[str] = set()
        self._unreadable: Counter[str] = Counter()
        self._answers = 0

    @property
    def answers(self) -> int:
        """How many datagrams came."""
        return self._answers

    @property
    def cameras(self) -> list[FoundCamera]:
        """The cameras, by address."""
        return sorted(self._cameras.values(), key=lambda camera: ipaddress.ip_address(camera.addresses[0]))

    def take(self, sender: str, datagram: bytes) -> None:
        """Adds what an IP address sent."""
        self._answers += 1
        matches = read_matches(datagram)
        if matches is None:
            if sender in self._unreadable or len(self._unreadable) < _MOST_CAMERAS:
                self._unreadable[sender] += 1
            return
        for match in matches:
            if not _is_camera(match):
                if len(self._others) < _MOST_CAMERAS:
                    self._others.add(sender)
                continue
            # One id for all cameras of a maker is common; one id and one service address is one camera.
            key = (match.endpoint, *sorted(match.urls)) if match.endpoint and match.urls else (sender,)
            known = self._cameras.get(key)
            if known is not None:
                addresses = tuple(dict.fromkeys((*known.addresses, sender)))
                self._cameras[key] = replace(known, addresses=addresses)
            elif len(self._cameras) < _MOST_CAMERAS:
                self._cameras[key] = FoundCamera((sender,), match)

    def lines(self, asked: Sequence[str], failed: Sequence[str]) -> list[str]:
        """Returns what was found, for a terminal.

        Args:
            asked: Network interfaces over which the question went.
            failed: Those over which it could not, with the reason.
        """
        cameras = self.cameras
        count = f"{len(cameras)} camera{'s' * (len(cameras) != 1)} answered" if cameras else "no camera answered"
        told = [f"{count} on {', '.join(asked)}", *(f"not asked on {reason}" for reason in failed)]
        for camera in cameras:
            told += ["", f"{' and '.join(camera.addresses)}  {camera.name or '(says no name)'}"]
            if camera.scopes:
                told.append(f"  says: {', '.join(camera.scopes)}")
            told.append(f"  next: {camera.command}")
        if any(camera.command.endswith("/") for camera in cameras):
            told += ["", "Where the path of the stream is left out, it is in the camera's manual."]
        if not cameras:
            told += ["", "Check:", *(f"- {point}" for point in _WHAT_TO_CHECK)]
        if self._others:
            told += ["", f"not cameras: {', '.join(sorted(self._others))}"]
        for sender, count_of in sorted(self._unreadable.items()):
            told.append(f"{sender} sent {count_of} answer{'s' * (count_of != 1)} that cannot be read")
        return told


def _is_camera(match: Match) -> bool:
    """Returns whether a device may be a camera: printers answer too, and some cameras do not say what they are."""
    if not match.types:
        return True
    return "NetworkVideoTransmitter" in match.types or any(scope.startswith(_SCOPE) for scope in match.scopes)


def _plain(text: str) -> str:
    """Returns what a stranger sent as one line that does nothing to a terminal."""
    line = "".join(letter if letter.isprintable() else " " for letter in text).strip()
    return line if len(line) <= _LONGEST_TEXT else f"{line[:_LONGEST_TEXT]}…"
