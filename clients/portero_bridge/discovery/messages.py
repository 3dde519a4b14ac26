"""The messages of WS-Discovery, by which ONVIF cameras are found. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.parsers import expat

_PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl">
<e:Header><w:MessageID>urn:uuid:{}</w:MessageID>
<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""

# What some cameras send around the document: padding, a mark of the byte order, line breaks.
_AROUND = b"\x00\xef\xbb\xbf \t\r\n"
# More matches than any one device has.
_MOST_MATCHES = 100
_FIELDS = frozenset({"Types", "Scopes", "XAddrs"})


@dataclass(frozen=True, slots=True)
class Match:
    """What a device says about itself; any of it may be missing.

    Attributes:
        endpoint: Its own id, which some makers give to all their cameras.
        types: What it is, without prefixes.
        scopes: URLs that tell name, hardware, place and the like.
        urls: Where its service answers; they may be out of date.
    """

    endpoint: str
    types: tuple[str, ...]
    scopes: tuple[str, ...]
    urls: tuple[str, ...]


def probe_message(message_id: str) -> bytes:
    """Returns the question for cameras, with a UUID of its own."""
    return _PROBE.format(message_id).encode()


def read_matches(datagram: bytes) -> Sequence[Match] | None:
    """Returns the cameras of an answer; None if the datagram is not an answer.

    What stands before an answer breaks off counts. Prefixes of names need not be declared. Document types are refused:
    their entities could make a small answer large.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.text
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(datagram.strip(_AROUND), True)
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        # Of an encoding that nobody knows, or cut.
        return reader.matches or None
    return reader.matches if reader.is_answer else None


class _Refused(Exception):
    """A document that is not read."""


def _refuse(*_: object) -> None:
    raise _Refused


class _Reader:
    """Collects the matches of a document as it is parsed."""

    def __init__(self) -> None:
        self.matches: list[Match] = []
        self.is_answer = False
        self._path: list[str] = []
        self._texts: dict[str, str] = {}

    def start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        self._path.append(local)
        if local == "ProbeMatches":
            self.is_answer = True
        elif local == "ProbeMatch":
            self._texts = {}

    def text(self, text: str) -> None:
        if "ProbeMatch" not in self._path:
            return
        name = self._path[-1]
        if name == "Address" and self._path[-2] != "EndpointReference":
            return
        if name == "Address" or name in _FIELDS:
            self._texts[name] = self._texts.get(name, "") + text

    def end(self, name: str) -> None:
        self._path.pop()
        if name.rpartition(":")[2] == "ProbeMatch" and len(self.matches) < _MOST_MATCHES:
            of = self._texts.get
            self.matches.append(
                Match(
                    of("Address", "").strip(),
                    tuple(each.rpartition(":")[2] for each in of("Types", "").split()),
                    tuple(of("Scopes", "").split()),
                    tuple(of("XAddrs", "").split()),
                )
            )
