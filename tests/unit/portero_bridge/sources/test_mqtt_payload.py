"""Payloads of MQTT cameras."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_bridge.sources.mqtt_payload import (
    MOST_PAYLOAD_BYTES,
    MOST_PICTURE_BYTES,
    PayloadRefused,
    picture_of,
)
from tests.support.bridge.pictures import picture

JPEG = picture(1)
TEXT = base64.b64encode(JPEG).decode()


@pytest.mark.parametrize(
    ("payload", "form", "cut"),
    [
        (JPEG, "a JPEG file", 0),
        (b"\r\n" + JPEG + b"\r\n", "a JPEG file", 0),
        (JPEG + b"\x00" * 100, "a JPEG file", 100),
        (TEXT.encode(), "Base64", 0),
        (base64.encodebytes(JPEG), "Base64", 0),
        (f"data:image/jpeg;base64,{TEXT}".encode(), "Base64", 0),
        (json.dumps({"image": TEXT, "alert": True}).encode(), "JSON", 0),
        (json.dumps({"image": f"data:image/jpeg;base64,{TEXT}"}).encode(), "JSON", 0),
    ],
)
def test_forms_of_a_picture(payload: bytes, form: str, cut: int) -> None:
    """The file comes out as it went in, whatever it was wrapped in."""
    taken = picture_of(payload, "image")
    assert (taken.file, taken.form, taken.cut) == (JPEG, form, cut)


def test_the_field_of_json_is_the_one_that_is_named() -> None:
    """CameraEvents has its picture in another field than most."""
    payload = json.dumps({"message": "IVS", "imagebase64": TEXT}).encode()
    assert picture_of(payload, "imagebase64").file == JPEG


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "an empty payload"),
        (b" \n", "an empty payload"),
        (b"online", "other bytes, not a JPEG file"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture, not a JPEG file"),
        (b"<html>", "a web page, not a JPEG file"),
        (JPEG[:-2], "a JPEG file without its end"),
        (TEXT[:200].encode(), "a JPEG file without its end"),
        (b"/9j/4AAQS", "damaged Base64"),
        (b"data:image/jpeg,%ff%d8", "a data URL that is not Base64"),
        (b'{"image": "', "damaged JSON"),
        (b'{"image":' * 100_000, "damaged JSON"),
        (b"{}", "JSON without the field 'image'"),
        (b'{"image": 5}', "JSON whose field 'image' is not a text"),
        (b'{"image": "\\ud800"}', "JSON of other bytes, not of a JPEG file"),
        (b'{"image": "iVBORw0KGgo="}', "JSON of a PNG picture, not of a JPEG file"),
        (b"\xff" * (MOST_PAYLOAD_BYTES + 1), f"a payload of more than {MOST_PAYLOAD_BYTES} bytes"),
    ],
)
def test_what_is_no_picture_is_named(payload: bytes, why: str) -> None:
    """One of a few texts says why; none holds what the payload holds."""
    with pytest.raises(PayloadRefused) as refused:
        picture_of(payload, "image")
    assert str(refused.value).startswith(why)


def test_a_picture_that_is_too_large_is_refused() -> None:
    """A whole file of more than the limit is not passed on."""
    comment = b"\xff\xfe\xff\xff" + b"x" * 65_533
    large = JPEG[:2] + comment * (MOST_PICTURE_BYTES // len(comment) + 1) + JPEG[2:]
    with pytest.raises(PayloadRefused, match=f"a picture of more than {MOST_PICTURE_BYTES} bytes"):
        picture_of(large, "image")


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode), st.binary().map(JPEG.__add__)))
def test_any_payload_is_taken_or_refused(payload: bytes) -> None:
    """Nothing else comes of any bytes."""
    try:
        taken = picture_of(payload, "image")
    except PayloadRefused:
        return
    assert taken.file.startswith(b"\xff\xd8")
