"""The picture in an MQTT payload, judged by its bytes: a JPEG file, its Base64, or JSON with that in a field. Pure.

A JPEG file is what most publish: firmware of the ESP32-CAM, Frigate, Viseron, room-assistant. Base64, alone or as a
`data:` URL, is what Home Assistant reads with `image_encoding: b64`. JSON is what CameraEvents (Dahua, field
`imagebase64`) and mqttshot (field `image`) publish.
"""

import binascii
import json
from dataclasses import dataclass

from portero_bridge.sources.http.content import kind_of_bytes
from portero_client.jpeg_file import JPEG_BEGIN, WHITE_SPACE, JpegDamaged, JpegWalk, count_trimmed

MOST_PICTURE_BYTES = 8 * 1024 * 1024
"""A picture that is larger is refused."""

MOST_PAYLOAD_BYTES = MOST_PICTURE_BYTES * 3 // 2
"""A payload that is larger is refused unread: the largest picture in Base64, and what JSON has beside it."""

# What a JPEG file in Base64 begins with.
_BASE64_BEGIN = b"/9j/"
_DATA_URL = b"data:image/"
_LONGEST_DATA_URL_HEAD = 128


class PayloadRefused(Exception):
    """A payload holds no picture that can be used; the message says why, in one of a few texts without its content."""


@dataclass(frozen=True, slots=True)
class PublishedPicture:
    """The picture of a payload.

    Attributes:
        file: A JPEG file, from its start marker to its end marker.
        cut: Bytes that were behind the end marker, line breaks not counted.
        form: What the payload is, in words.
    """

    file: bytes
    cut: int
    form: str


def picture_of(payload: bytes, field: str) -> PublishedPicture:
    """Returns the picture of a payload.

    Args:
        payload: All of it.
        field: Where in a JSON object the picture is, in Base64.

    Raises:
        PayloadRefused: It is empty, too large, or something else.
    """
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise PayloadRefused(f"a payload of more than {MOST_PAYLOAD_BYTES} bytes")
    body = payload.lstrip(WHITE_SPACE)
    if body.startswith(JPEG_BEGIN):
        return _whole(body, "a JPEG file")
    if body.startswith(b"{"):
        return _whole(_decoded(_field_of(body, field)), "JSON")
    if body.startswith((_BASE64_BEGIN, _DATA_URL)):
        return _whole(_decoded(body), "Base64")
    raise PayloadRefused(f"{kind_of_bytes(payload) or 'other bytes'}, not a JPEG file" if body else "an empty payload")


def _field_of(body: bytes, field: str) -> bytes:
    try:
        value = json.loads(body)[field]
    except KeyError as error:
        raise PayloadRefused(f"JSON without the field {field!r}") from error
    except (ValueError, RecursionError) as error:
        raise PayloadRefused("damaged JSON") from error
    if not isinstance(value, str):
        raise PayloadRefused(f"JSON whose field {field!r} is not a text")
    # Other characters than those of Base64 are found when it is decoded.
    return value.encode(errors="replace")


def _decoded(text: bytes) -> bytes:
    if text.startswith(_DATA_URL):
        head, _, text = text.partition(b",")
        if len(head) > _LONGEST_DATA_URL_HEAD or not head.endswith(b";base64"):
            raise PayloadRefused("a data URL that is not Base64")
    try:
        return binascii.a2b_base64(text)
    except binascii.Error as error:
        raise PayloadRefused("damaged Base64") from error


def _whole(file: bytes, form: str) -> PublishedPicture:
    if not file.startswith(JPEG_BEGIN):
        raise PayloadRefused(f"{form} of {kind_of_bytes(file) or 'other bytes'}, not of a JPEG file")
    try:
        end = JpegWalk().advance(file)
    except JpegDamaged:
        # Decoders step over some damage; the server decides, as with pictures that come over HTTP.
        end = len(file)
    if end is None:
        raise PayloadRefused("a JPEG file without its end: a payload that the camera or the broker cut")
    if end > MOST_PICTURE_BYTES:
        raise PayloadRefused(f"a picture of more than {MOST_PICTURE_BYTES} bytes")
    return PublishedPicture(file[:end], count_trimmed(file[end:]), form)
